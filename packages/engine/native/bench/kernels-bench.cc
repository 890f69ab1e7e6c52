// Times the kernels alone, without TensorFlow: forward and backward of layers as they occur in the project's networks, at
// batch 64. `node native/bench/bench.mjs` builds and runs it. Prints a line a layer:
//   name threads flops forward-ms backward-ms
// the least of many short repetitions, since whatever else the machine does only adds. flops are those of one of the
// three matrix products (forward, dW and dx cost one each); box sums, bias and ReLU are left out, as overhead.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "../kernels.h"
#include "../workers.h"

using namespace weightmap;

namespace {

struct Layer {
  const char* name;
  int64_t size, inputs, outputs, kernel, padding, stride;
  bool unsharp;
  bool image = false;  // the network's input: nobody wants its gradient
};

// One of each kind; the bench's `name` argument chooses by the beginning of a name.
constexpr Layer kLayers[] = {
    {"share-valid 28 32>32", 28, 32, 32, 3, 0, 1, false},
    {"share-same 28 32>32", 28, 32, 32, 3, 1, 1, false},
    {"share-unsharp 28 32>32", 28, 32, 32, 3, 1, 1, true},
    {"cnn 28 1>32", 28, 1, 32, 3, 0, 1, false, true},
    {"cnn 26 32>32", 26, 32, 32, 3, 0, 1, false},
    {"cnn 24 32>8", 24, 32, 8, 3, 0, 1, false},
    {"dense 28 16>8", 28, 16, 8, 3, 1, 1, false},
    {"dense 28 24>8", 28, 24, 8, 3, 1, 1, false},
    {"dense 14 32>8", 14, 32, 8, 3, 1, 1, false},
    {"dense 14 56>8", 14, 56, 8, 3, 1, 1, false},
    {"dense 7 64>8", 7, 64, 8, 3, 1, 1, false},
    {"dense 7 120>8", 7, 120, 8, 3, 1, 1, false},
    {"dense 3 128>8", 3, 128, 8, 3, 1, 1, false},
    {"dense 3 248>8", 3, 248, 8, 3, 1, 1, false},
    {"dense 32 24>8", 32, 24, 8, 3, 1, 1, false},
    {"dense 16 56>8", 16, 56, 8, 3, 1, 1, false},
    {"dense 8 120>8", 8, 120, 8, 3, 1, 1, false},
    {"dense 4 248>8", 4, 248, 8, 3, 1, 1, false},
    {"res 28 1>8", 28, 1, 8, 3, 1, 1, false, true},
    {"res 28 8>8", 28, 8, 8, 3, 1, 1, false},
    {"res 28 8>16 /2", 28, 8, 16, 3, 1, 2, false},
    {"res 14 16>16", 14, 16, 16, 3, 1, 1, false},
    {"res 14 16>32 /2", 14, 16, 32, 3, 1, 2, false},
    {"res 7 32>32", 7, 32, 32, 3, 1, 1, false},
    {"res 7 32>64 /2", 7, 32, 64, 3, 1, 2, false},
    {"res 4 64>64", 4, 64, 64, 3, 1, 1, false},
    {"res 32 8>8", 32, 8, 8, 3, 1, 1, false},
    {"res 16 16>16", 16, 16, 16, 3, 1, 1, false},
    {"k9 22 32>8", 22, 32, 8, 9, 3, 1, false},
};

Geometry geometryOf(const Layer& l, int64_t batch) {
  return {batch, l.size, l.size, l.inputs, l.outputs, l.kernel, l.padding, l.padding, l.padding, l.padding, l.stride, l.stride,
          l.unsharp, true};
}

std::vector<float> random(int64_t size) {
  static std::mt19937 generator(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(size);
  for (float& value : values) value = uniform(generator);
  return values;
}

template <class Body>
double milliseconds(Body body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

void measure(const Kernels& simd, const Layer& layer, int threads, double budget) {
  const Geometry g = geometryOf(layer, 64);
  const int64_t image = g.rows() * g.columns() * g.outputs;
  const std::vector<float> x = random(g.batch * g.height * g.width * g.inputs), dy = random(g.batch * image);
  const std::vector<float> weights = random(g.height * g.width * g.inputs * g.outputs), bias = random(image);
  std::vector<float> y(dy.size()), dX(x.size()), dWeights(weights.size()), dBias(image);
  setThreadCount(threads);
  double bestForward = 1e9, bestBackward = 1e9, spent = 0;
  for (int i = 0; i < 3 || spent < budget; ++i) {
    const double there = milliseconds([&] { forward(simd, g, x.data(), weights.data(), bias.data(), y.data()); });
    const double back = milliseconds([&] {
      backward(simd, g, x.data(), weights.data(), y.data(), dy.data(), layer.image ? nullptr : dX.data(), dWeights.data(), dBias.data());
    });
    if (i > 0) bestForward = std::min(bestForward, there), bestBackward = std::min(bestBackward, back);
    spent += there + back;
  }
  std::printf("%s\t%d\t%.0f\t%.4f\t%.4f\n", layer.name, threads, 2.0 * g.batch * g.height * g.width * g.inputs * g.outputs, bestForward, bestBackward);
}

}  // namespace

/// kernels-bench <name's beginning, or ''> <threads> <ms a layer>
int main(int, char** arguments) {
  for (const Layer& layer : kLayers)
    if (!std::strncmp(layer.name, arguments[1], std::strlen(arguments[1])))
      measure(kernels(), layer, std::atoi(arguments[2]), std::atof(arguments[3]));
}
