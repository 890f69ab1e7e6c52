// Compares every kernel this processor runs with plain double loops, over fixed and drawn shapes. Needs neither Node nor
// TensorFlow; `nx run engine:sanitize` runs it under the address and undefined-behaviour sanitizers.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "../kernels.h"
#include "../workers.h"
#include "reference.h"

using namespace weightmap;

namespace weightmap {
extern const Kernels wideKernels;  // simd-wide.cc
}

namespace {

std::mt19937 generator(7);
int checks = 0, failures = 0;

int64_t draw(int64_t from, int64_t to) { return std::uniform_int_distribution<int64_t>(from, to)(generator); }

/// On the heap and of the exact size, so that the sanitizer sees every step outside; filled, so that what isn't written shows.
struct Floats {
  explicit Floats(int64_t size) : size(size), data(new float[size]) { std::fill(data.get(), data.get() + size, 1e30f); }
  Floats& random() {
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (int64_t i = 0; i < size; ++i) data[i] = uniform(generator);
    return *this;
  }
  int64_t size;
  std::unique_ptr<float[]> data;
  operator float*() { return data.get(); }
};

void fail(const std::string& label, const char* what, double error) {
  ++failures;
  std::printf("FAILED %s: %s, error %g\n", label.c_str(), what, error);
}

void expectClose(const std::string& label, const char* what, const Floats& actual, const reference::Doubles& expected) {
  ++checks;
  double scale = 0, error = actual.size == int64_t(expected.size()) ? 0 : INFINITY;
  for (size_t i = 0; i < expected.size() && error != INFINITY; ++i) {
    scale = std::max(scale, std::abs(expected[i]));
    const double difference = std::abs(actual.data[i] - expected[i]);
    error = difference <= error ? error : difference;  // NaN counts as an error
  }
  if (!(error <= 1e-5 * scale)) fail(label, what, error / scale);
}

void expectSame(const std::string& label, const char* what, const Floats& actual, const Floats& expected) {
  ++checks;
  if (actual.size && std::memcmp(actual.data.get(), expected.data.get(), actual.size * sizeof(float))) fail(label, what, 0);
}

std::string describe(const Kernels& simd, const Geometry& g) {
  char text[256];
  std::snprintf(text, sizeof text, "%s %s%s batch %ld %ldx%ld %ld->%ld k %ld pad %ld,%ld,%ld,%ld stride %ld,%ld", simd.name,
                g.unsharp ? "unsharp" : "smoothing", g.relu ? "+relu" : "", long(g.batch), long(g.height), long(g.width),
                long(g.inputs), long(g.outputs), long(g.kernel), long(g.top), long(g.bottom), long(g.left), long(g.right),
                long(g.strideDown), long(g.strideAcross));
  return text;
}

struct Results {
  Floats y, dX, dWeights, dBias;
};

Results compute(const Kernels& simd, const Geometry& g, Floats& x, Floats& weights, const float* bias, Floats& dy) {
  Results r{Floats(dy.size), Floats(x.size), Floats(weights.size), Floats(g.rows() * g.columns() * g.outputs)};
  forward(simd, g, x, weights, bias, r.y);
  backward(simd, g, x, weights, r.y, dy, r.dX, r.dWeights, r.dBias);
  return r;
}

void check(const Kernels& simd, const Geometry& g, bool withBias) {
  const std::string label = describe(simd, g);
  const int64_t image = g.rows() * g.columns() * g.outputs;
  Floats x(g.batch * g.height * g.width * g.inputs), weights(g.height * g.width * g.inputs * g.outputs);
  Floats bias(image), dy(g.batch * image);
  x.random(), weights.random(), bias.random(), dy.random();
  const float* const usedBias = withBias ? bias.data.get() : nullptr;

  setThreadCount(1);
  Results r = compute(simd, g, x, weights, usedBias, dy);
  const auto expected = reference::backward(g, x, weights, r.y, dy);
  expectClose(label, "y", r.y, reference::forward(g, x, weights, usedBias));
  expectClose(label, "dX", r.dX, expected.dX);
  expectClose(label, "dWeights", r.dWeights, expected.dWeights);
  expectClose(label, "dBias", r.dBias, expected.dBias);

  // What is wanted alone, and by any number of threads, is the same to the last bit.
  setThreadCount(3);
  Results threaded = compute(simd, g, x, weights, usedBias, dy);
  expectSame(label, "y of 3 threads", threaded.y, r.y);
  expectSame(label, "dX of 3 threads", threaded.dX, r.dX);
  expectSame(label, "dWeights of 3 threads", threaded.dWeights, r.dWeights);
  expectSame(label, "dBias of 3 threads", threaded.dBias, r.dBias);
  const float* const usedY = g.relu ? r.y.data.get() : nullptr;
  Floats dX(x.size), dWeights(weights.size), dBias(image);
  backward(simd, g, nullptr, weights, usedY, dy, dX, nullptr, nullptr);
  backward(simd, g, x, nullptr, usedY, dy, nullptr, dWeights, dBias);
  expectSame(label, "dX alone", dX, r.dX);
  expectSame(label, "dWeights alone", dWeights, r.dWeights);
  expectSame(label, "dBias alone", dBias, r.dBias);
}

Geometry drawn() {
  static const int64_t channels[] = {1, 2, 3, 5, 7, 8, 9, 12, 16, 17, 31, 32, 33};
  const auto channel = [&] { return channels[draw(0, std::size(channels) - 1)]; };
  const int64_t most = draw(0, 9) ? 4 : 12;  // now and then windows that lie wholly in the padding
  Geometry g{draw(0, 7),     draw(1, 9),     draw(1, 9), channel(),  channel(),  draw(1, 9),     draw(0, most), draw(0, most),
             draw(0, most), draw(0, most), draw(1, 3), draw(1, 3), draw(0, 1) > 0, draw(0, 1) > 0};
  g.kernel = std::min({g.kernel, g.height + g.top + g.bottom, g.width + g.left + g.right});
  return g;
}

}  // namespace

int main(int count, char** arguments) {
  const int cases = count > 1 ? std::atoi(arguments[1]) : 300;
  for (const char* name : {"portable", "avx2", "avx512", "wide"}) {
    const Kernels* simd = std::strcmp(name, "wide") ? kernelsNamed(name) : &wideKernels;
    if (!simd) {
      std::printf("%s: not on this processor\n", name);
      continue;
    }
    for (const bool unsharp : {false, true}) {
      check(*simd, {65, 5, 6, 4, 8, 3, 0, 0, 0, 0, 1, 1, unsharp, true}, true);        // a batch of two blocks
      check(*simd, {130, 3, 3, 3, 5, 2, 1, 0, 1, 0, 2, 1, unsharp, true}, true);       // of three
      check(*simd, {13, 12, 11, 33, 64, 3, 1, 1, 1, 1, 1, 1, unsharp, true}, true);    // several tasks
      check(*simd, {9, 10, 12, 64, 33, 3, 1, 1, 1, 1, 2, 2, unsharp, false}, false);
      check(*simd, {2, 20, 17, 128, 3, 16, 0, 0, 0, 0, 1, 1, unsharp, false}, true);   // a large window
      check(*simd, {3, 4, 4, 2, 3, 9, 3, 3, 3, 3, 1, 1, unsharp, false}, true);        // larger than the image
      check(*simd, {29, 8, 8, 16, 24, 3, 1, 1, 1, 1, 1, 1, unsharp, true}, true);      // images a page apart
      check(*simd, {14, 8, 16, 40, 8, 5, 2, 2, 2, 2, 1, 2, unsharp, true}, true);
      check(*simd, {1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, unsharp, false}, true);
      check(*simd, {0, 5, 5, 3, 4, 3, 0, 0, 0, 0, 1, 1, unsharp, true}, true);         // no images
    }
    for (int i = 0; i < cases; ++i) check(*simd, drawn(), draw(0, 1));
    std::printf("%s: done\n", name);
  }
  std::printf("%d comparisons, %d failed\n", checks, failures);
  return failures || checks == 0;
}
