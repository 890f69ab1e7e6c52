// The kernels as TensorFlow operations, registered through its stable C API, and the Node addon that does so when loaded.
//
//   WeightMapForward          x, weights, bias → y       bias [Ho, Wo, Co], or [Ho, Wo, 0] for none
//   WeightMapBackward         x, weights, y, dy → dx, dweights, dbias
//   WeightMapBackwardInput    weights, y, dy → dx
//   WeightMapBackwardWeights  x, y, dy → dweights, dbias
//
// attributes: kernel_size, padding [top, bottom, left, right], strides [down, across], unsharp, relu. y is read with relu
// only, so dy may stand in its place. There are three backward operations rather than flags because a shape function
// of the C API sees shapes, not attributes; for the same reason a missing bias still tells the output's size.
#include <node_api.h>

#include <cstring>
#include <memory>
#include <string>

#include "kernels.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace {

using weightmap::Geometry;

template <auto Delete>
struct Deleter {
  template <class T>
  void operator()(T* owned) const { Delete(owned); }
};
template <class T, auto Delete>
using Owned = std::unique_ptr<T, Deleter<Delete>>;
using Status = Owned<TF_Status, TF_DeleteStatus>;
using Tensor = Owned<TF_Tensor, TF_DeleteTensor>;
using Shape = Owned<TF_ShapeHandle, TF_DeleteShapeHandle>;

bool ok(const Status& status) { return TF_GetCode(status.get()) == TF_OK; }

// ---- kernels --------------------------------------------------------------------------------------------------------

/// Attributes of a node; the sizes are those of each call's tensors.
Geometry* readAttributes(TF_OpKernelConstruction* node) {
  const Status status(TF_NewStatus());
  int64_t kernel = 0, padding[4] = {}, strides[2] = {};
  TF_Bool unsharp = 0, relu = 0;
  TF_OpKernelConstruction_GetAttrInt64(node, "kernel_size", &kernel, status.get());
  if (ok(status)) TF_OpKernelConstruction_GetAttrInt64List(node, "padding", padding, 4, status.get());
  if (ok(status)) TF_OpKernelConstruction_GetAttrInt64List(node, "strides", strides, 2, status.get());
  if (ok(status)) TF_OpKernelConstruction_GetAttrBool(node, "unsharp", &unsharp, status.get());
  if (ok(status)) TF_OpKernelConstruction_GetAttrBool(node, "relu", &relu, status.get());
  if (!ok(status)) TF_OpKernelConstruction_Failure(node, status.get());
  return new Geometry{0,          0,          0,          0,          0,          kernel,       padding[0],
                      padding[1], padding[2], padding[3], strides[0], strides[1], unsharp != 0, relu != 0};
}

/// One call: reads inputs, checks shapes, allocates outputs. After a failure everything it gives is null.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call() {
    if (!ok(status_)) TF_OpKernelContext_Failure(context_, status_.get());
  }

  Tensor input(int index) {
    TF_Tensor* tensor = nullptr;
    if (ok(status_)) TF_GetInput(context_, index, &tensor, status_.get());
    return Tensor(tensor);
  }

  float* output(int index, std::initializer_list<int64_t> shape) {
    if (!ok(status_)) return nullptr;
    size_t bytes = sizeof(float);
    for (const int64_t size : shape) bytes *= size;
    outputs_[index] = Tensor(TF_AllocateOutput(context_, index, TF_FLOAT, shape.begin(), int(shape.size()), bytes, status_.get()));
    return ok(status_) ? static_cast<float*>(TF_TensorData(outputs_[index].get())) : nullptr;
  }

  bool require(bool condition, const char* expectation) {
    if (ok(status_) && !condition)
      TF_SetStatus(status_.get(), TF_INVALID_ARGUMENT, (std::string("weight map: ") + expectation).c_str());
    return ok(status_);
  }

  bool hasShape(const Tensor& tensor, std::initializer_list<int64_t> shape, const char* expectation) {
    if (!ok(status_)) return false;
    bool same = TF_NumDims(tensor.get()) == int(shape.size());
    for (size_t i = 0; same && i < shape.size(); ++i) same = TF_Dim(tensor.get(), int(i)) == shape.begin()[i];
    return require(same, expectation);
  }

 private:
  TF_OpKernelContext* context_;
  Status status_;
  Tensor outputs_[3];
};

const float* dataOf(const Tensor& tensor) { return tensor ? static_cast<const float*>(TF_TensorData(tensor.get())) : nullptr; }
int64_t dim(const Tensor& tensor, int i) { return TF_Dim(tensor.get(), i); }

bool fits(Call& call, const Geometry& g) {
  return call.require(g.valid(), "expected a window no larger than the padded input, strides >= 1 and padding >= 0");
}

void computeForward(void* attributes, TF_OpKernelContext* context) {
  Call call(context);
  Geometry g = *static_cast<Geometry*>(attributes);
  const Tensor x = call.input(0), weights = call.input(1), bias = call.input(2);
  if (!call.require(x && weights && bias && TF_NumDims(x.get()) == 4 && TF_NumDims(weights.get()) == 4 && TF_NumDims(bias.get()) == 3,
                    "expected x [B, H, W, Ci], weights [H, W, Ci, Co] and bias [Ho, Wo, Co or 0]"))
    return;
  g.batch = dim(x, 0), g.height = dim(x, 1), g.width = dim(x, 2), g.inputs = dim(x, 3), g.outputs = dim(weights, 3);
  if (!fits(call, g) || !call.hasShape(weights, {g.height, g.width, g.inputs, g.outputs}, "expected weights [H, W, Ci, Co] as x has it"))
    return;
  const bool biased = dim(bias, 2) > 0;
  if (!call.hasShape(bias, {g.rows(), g.columns(), biased ? g.outputs : 0}, "expected bias [Ho, Wo, Co], or [Ho, Wo, 0] for none")) return;
  if (float* y = call.output(0, {g.batch, g.rows(), g.columns(), g.outputs}))
    weightmap::forward(weightmap::kernels(), g, dataOf(x), dataOf(weights), biased ? dataOf(bias) : nullptr, y);
}

template <bool WANTS_INPUT, bool WANTS_WEIGHTS>
void computeBackward(void* attributes, TF_OpKernelContext* context) {
  Call call(context);
  Geometry g = *static_cast<Geometry*>(attributes);
  int next = 0;
  const Tensor x = WANTS_WEIGHTS ? call.input(next++) : nullptr;
  const Tensor weights = WANTS_INPUT ? call.input(next++) : nullptr;
  const Tensor y = call.input(next++), dy = call.input(next++);
  const Tensor& image = WANTS_WEIGHTS ? x : weights;  // both tell H, W and Ci
  if (!call.require((!WANTS_WEIGHTS || x) && (!WANTS_INPUT || weights) && y && dy, "missing input")) return;
  for (const Tensor* tensor : {&image, WANTS_INPUT ? &weights : &x, &y, &dy})
    if (!call.require(TF_NumDims(tensor->get()) == 4, "expected x, weights, y and dy of rank 4")) return;
  const int first = WANTS_WEIGHTS ? 1 : 0;
  g.batch = dim(dy, 0), g.outputs = dim(dy, 3);
  g.height = dim(image, first), g.width = dim(image, first + 1), g.inputs = dim(image, first + 2);
  if (!fits(call, g)) return;
  const auto output = {g.batch, g.rows(), g.columns(), g.outputs};
  if (!call.hasShape(dy, output, "expected dy [B, Ho, Wo, Co]") || !call.hasShape(y, output, "expected y of dy's shape")) return;
  if (WANTS_WEIGHTS && !call.hasShape(x, {g.batch, g.height, g.width, g.inputs}, "expected x with dy's batch")) return;
  if (WANTS_INPUT && !call.hasShape(weights, {g.height, g.width, g.inputs, g.outputs}, "expected weights [H, W, Ci, Co]")) return;

  next = 0;
  float* dX = WANTS_INPUT ? call.output(next++, {g.batch, g.height, g.width, g.inputs}) : nullptr;
  float* dWeights = WANTS_WEIGHTS ? call.output(next++, {g.height, g.width, g.inputs, g.outputs}) : nullptr;
  float* dBias = WANTS_WEIGHTS ? call.output(next++, {g.rows(), g.columns(), g.outputs}) : nullptr;
  if (call.require(true, ""))
    weightmap::backward(weightmap::kernels(), g, dataOf(x), dataOf(weights), dataOf(y), dataOf(dy), dX, dWeights, dBias);
}

// ---- shapes ---------------------------------------------------------------------------------------------------------

/// [from.begin, from.end) of an input's shape; unknown parts stay unknown.
struct Piece {
  int input;
  int64_t begin, end;
};

/// Makes an output's shape of pieces of the inputs'. Inputs of unknown rank give an unknown shape.
void setShape(TF_ShapeInferenceContext* context, int output, std::initializer_list<Piece> pieces, TF_Status* status) {
  Shape shape;
  for (const Piece& piece : pieces) {
    const Shape input(TF_NewShapeHandle());
    TF_ShapeInferenceContextGetInput(context, piece.input, input.get(), status);
    if (TF_GetCode(status) != TF_OK) return;
    if (!TF_ShapeInferenceContextRankKnown(context, input.get())) return TF_ShapeInferenceContextSetUnknownShape(context, status);
    Shape part(TF_NewShapeHandle());
    TF_ShapeInferenceContextSubshape(context, input.get(), piece.begin, piece.end, part.get(), status);
    if (TF_GetCode(status) != TF_OK) return;
    if (shape) {
      Shape joined(TF_NewShapeHandle());
      TF_ShapeInferenceContextConcatenateShapes(context, shape.get(), part.get(), joined.get(), status);
      if (TF_GetCode(status) != TF_OK) return;
      part = std::move(joined);
    }
    shape = std::move(part);
  }
  TF_ShapeInferenceContextSetOutput(context, output, shape.get(), status);
}

void forwardShape(TF_ShapeInferenceContext* c, TF_Status* s) { setShape(c, 0, {{0, 0, 1}, {2, 0, 2}, {1, 3, 4}}, s); }
void backwardShape(TF_ShapeInferenceContext* c, TF_Status* s) {
  setShape(c, 0, {{0, 0, 4}}, s);
  if (TF_GetCode(s) == TF_OK) setShape(c, 1, {{1, 0, 4}}, s);
  if (TF_GetCode(s) == TF_OK) setShape(c, 2, {{3, 1, 4}}, s);
}
void backwardInputShape(TF_ShapeInferenceContext* c, TF_Status* s) { setShape(c, 0, {{2, 0, 1}, {0, 0, 3}}, s); }
void backwardWeightsShape(TF_ShapeInferenceContext* c, TF_Status* s) {
  setShape(c, 0, {{0, 1, 4}, {2, 3, 4}}, s);
  if (TF_GetCode(s) == TF_OK) setShape(c, 1, {{2, 1, 4}}, s);
}

// ---- registration ---------------------------------------------------------------------------------------------------

struct Operation {
  const char* name;
  std::initializer_list<const char*> inputs, outputs;
  void (*shape)(TF_ShapeInferenceContext*, TF_Status*);
  void (*compute)(void*, TF_OpKernelContext*);
};

const Operation kOperations[] = {
    {"WeightMapForward", {"x: float", "weights: float", "bias: float"}, {"y: float"}, forwardShape, computeForward},
    {"WeightMapBackward", {"x: float", "weights: float", "y: float", "dy: float"}, {"dx: float", "dweights: float", "dbias: float"},
     backwardShape, computeBackward<true, true>},
    {"WeightMapBackwardInput", {"weights: float", "y: float", "dy: float"}, {"dx: float"}, backwardInputShape,
     computeBackward<true, false>},
    {"WeightMapBackwardWeights", {"x: float", "y: float", "dy: float"}, {"dweights: float", "dbias: float"}, backwardWeightsShape,
     computeBackward<false, true>},
};

void registerOperation(const Operation& operation, TF_Status* status) {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(operation.name);
  for (const char* input : operation.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : operation.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  for (const char* attribute : {"kernel_size: int", "padding: list(int)", "strides: list(int)", "unsharp: bool", "relu: bool"})
    TF_OpDefinitionBuilderAddAttr(definition, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, operation.shape);
  TF_RegisterOpDefinition(definition, status);  // takes the definition
  if (TF_GetCode(status) != TF_OK) return;
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(
      operation.name, "CPU", [](TF_OpKernelConstruction* node) -> void* { return readAttributes(node); }, operation.compute,
      [](void* attributes) { delete static_cast<Geometry*>(attributes); });
  TF_RegisterKernelBuilder(operation.name, kernel, status);  // takes the builder
}

/// Exports { simd }: the name of the kernels in use.
napi_value initialize(napi_env env, napi_value exports) {
  static bool registered = false;  // the addon may be loaded by several realms of one process
  const Status status(TF_NewStatus());
  if (!registered)
    for (const Operation& operation : kOperations) {
      registerOperation(operation, status.get());
      if (ok(status)) continue;
      napi_throw_error(env, nullptr, TF_Message(status.get()));
      return nullptr;
    }
  registered = true;
  napi_value simd;
  const char* name = weightmap::kernels().name;
  if (napi_create_string_utf8(env, name, std::strlen(name), &simd) == napi_ok) napi_set_named_property(env, exports, "simd", simd);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, initialize)
