#include "kernels.h"

#include <cstdlib>
#include <cstring>

#include "workers.h"

namespace weightmap {
namespace {

/// Floats of a task's scratch memory, meant to stay in a core's second-level cache, or nearly so: measured with 512 KiB,
/// longer runs of each image's row gain more than a somewhat smaller buffer.
constexpr int64_t kCacheFloats = 160 * 1024;
/// Multiplications that are worth waking another thread for.
constexpr int64_t kWorthAThread = 200 * 1000;

int64_t ceilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t usefulThreads(const Geometry& g) {
  const int64_t work = g.batch * g.height * g.width * g.outputs * (g.inputs + 2 * g.kernel);
  return std::clamp<int64_t>(work / kWorthAThread, 1, threadCount());
}

/// A window that lies wholly in the padding touches no pixel, so no task of `backward` meets it.
bool everyWindowTouches(const Axis& axis) {
  for (const int64_t i : {int64_t{0}, axis.positions - 1}) {
    const Span span = axis.at(i);
    if (span.begin == span.end) return false;
  }
  return true;
}

void biasGradient(const Geometry& g, const float* y, const float* dy, float* dBias) {
  const int64_t image = g.rows() * g.columns() * g.outputs;
  std::fill(dBias, dBias + image, 0.0f);
  for (int64_t b = 0; b < g.batch; ++b)
    for (int64_t i = 0; i < image; ++i)
      if (!g.relu || !(y[b * image + i] <= 0)) dBias[i] += dy[b * image + i];
}

}  // namespace

const Kernels* kernelsNamed(const char* name) {
#if defined(__x86_64__)
  if (!std::strcmp(name, "avx512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return &avx512Kernels;
  if (!std::strcmp(name, "avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &avx2Kernels;
#endif
  return std::strcmp(name, "portable") ? nullptr : &portableKernels;
}

const Kernels& kernels() {
  static const Kernels& best = [&]() -> const Kernels& {
    const char* wish = std::getenv("WEIGHTMAP_SIMD");
    for (const char* name : {wish ? wish : "", "avx512", "avx2"})
      if (const Kernels* found = kernelsNamed(name)) return *found;
    return portableKernels;
  }();
  return best;
}

void forward(const Kernels& simd, const Geometry& g, const float* x, const float* weights, const float* bias, float* y) {
  if (g.batch == 0 || g.outputs == 0) return;
  const int64_t threads = usefulThreads(g);
  const int64_t imageFloats = g.columns() * g.outputs * (1 + g.down().depth() * (g.unsharp ? 2 : 1)) + g.width * g.inputs;
  const int64_t images = std::clamp<int64_t>(kCacheFloats / imageFloats, 12, 96);
  const int64_t blocks = ceilDivide(ceilDivide(g.batch, images), threads) * threads;  // as many for every thread
  const int64_t batches = std::min(g.batch, blocks);
  const int64_t bands = std::min(g.rows(), ceilDivide(threads, batches));
  parallelFor(batches * bands, [&](int64_t i) {
    const ForwardTask task{g, part(g.batch, i / bands, batches), part(g.rows(), i % bands, bands), x, weights, bias, y};
    simd.forward(task, scratchMemory(simd.forwardScratch(task)));
  });
}

void backward(const Kernels& simd, const Geometry& g, const float* x, const float* weights, const float* y, const float* dy,
              float* dX, float* dWeights, float* dBias) {
  if (dBias && !(everyWindowTouches(g.down()) && everyWindowTouches(g.across()) && g.batch > 0)) {
    biasGradient(g, y, dy, dBias);
    dBias = nullptr;
  }
  if (g.batch == 0 && dWeights) std::fill(dWeights, dWeights + g.height * g.width * g.inputs * g.outputs, 0.0f);
  if (g.batch == 0 || !(dX || dWeights || dBias)) return;
  const int64_t threads = usefulThreads(g);
  const int64_t images = std::min(g.batch, kBackwardBlock);
  const int64_t columnFloats = images * (g.outputs * (1 + g.down().adjoint().depth() * (g.unsharp ? 2 : 1)) + g.inputs);
  const int64_t widest = std::max<int64_t>(2 * g.kernel, kCacheFloats / std::max<int64_t>(columnFloats, 1));
  // Bands of rows, since whole rows are read fastest; not so low that reading their neighbours' rows counts.
  const int64_t bands = std::clamp<int64_t>(g.height / (2 * g.kernel), 1, threads);
  const int64_t strips = std::min(g.width, std::max(ceilDivide(g.width, widest), ceilDivide(threads, bands)));
  parallelFor(strips * bands, [&](int64_t i) {
    const BackwardTask task{g, part(g.height, i / strips, bands), part(g.width, i % strips, strips), x, weights, y, dy, dX, dWeights, dBias};
    simd.backward(task, scratchMemory(simd.backwardScratch(task)));
  });
}

}  // namespace weightmap
