// Weight map layers, forward and backward, for one instruction set. A translation unit defines LANES, TILE_ROWS and
// KERNELS and includes this file. Everything lies in an anonymous namespace, and no code of the standard library is
// instantiated: the linker must never choose a function compiled for another processor.
//
// Both directions go through the map row by row. x and dx are multiplied where they lie, pixel by pixel, a few images at a
// time; what the filter works on lies in rows of one image after another, so that its sums are plain loops.
//   forward   M[p] = x[p]·W[p] of a row → filter → bias, ReLU, y
//   backward  dy masked by ReLU → db, filter → dM of a row → dx[p] = dM[p]·W[p]ᵀ, dW[p] = x[p]ᵀ·dM[p]
#include <cstddef>
#include <cstdint>
#include <utility>

#include "simd-kernels.h"

namespace weightmap {
namespace {

#include "gemm.h"

#include "filter.h"

/// Images that are multiplied by a pixel's weights at a time.
constexpr int64_t kGroup = 12;

/// Parts of so many images, `image` floats apart, to multiply at a time. A multiple of a page apart, all their pixels of one
/// position share a set of the first-level cache, which holds about eight lines.
inline int64_t groupsOf(int64_t images, int64_t image) {
  const int64_t group = image % 1024 == 0 ? kGroup / 2 : kGroup;
  return (images + group - 1) / group;
}

/// Copies rows × columns floats.
inline void copy(const float* from, int64_t fromRow, int64_t rows, int64_t columns, float* to, int64_t toRow) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) to[r * toRow + c] = from[r * fromRow + c];
}

/// Whether a layer's images are more than caches hold from one pass to the next (measured: at about 4.5 MB), so that asking
/// for them ahead of time pays; else it costs.
inline bool comesFromMemory(const Geometry& g) {
  return g.batch * (g.height * g.width * g.inputs + g.rows() * g.columns() * g.outputs) > 1100 * 1000;
}

/// Asks for the cache line of p. The processor foresees what follows in a row, but not the jump to the next image.
template <bool WRITE = false>
inline void prefetch(const float* p) {
  __builtin_prefetch(p, WRITE, 2);  // into the second-level cache: the first is full
}

/// Asks for `size` floats of each of `images`, a pixel of them all. Less than a cache line came with the pixel before.
template <bool WRITE = false>
inline void prefetchPixel(const float* pixel, int64_t image, int64_t images, int64_t size) {
  if (size < 16) return;
  for (int64_t b = 0; b < images; ++b, pixel += image)
    for (int64_t t = 0; t < size; t += 16) prefetch<WRITE>(pixel + t);
}

// ---- forward --------------------------------------------------------------------------------------------------------

int64_t forwardScratch(const ForwardTask& task) {
  const Geometry& g = task.geometry;
  const Range columns{0, g.columns()};
  return Filter::scratch(columns, g.outputs) + kGroup * Filter::sourceRow(g.across(), columns, g.outputs) +
         task.batch.size() * Filter::ring(g.down(), columns, g.outputs, g.unsharp) + apart(columns.size() * g.outputs) +
         g.inputs * padded(g.outputs);
}

void forward(const ForwardTask& task, float* scratch) {
  const Geometry g = task.geometry;  // a copy, as are the pointers: else every store would have them read again
  const int64_t inputs = g.inputs, outputs = g.outputs, whole = padded(outputs), pixels = g.height * g.width;
  const int64_t images = task.batch.size(), xImage = pixels * inputs, size = g.columns() * outputs, yImage = g.rows() * size;
  const float* const x = task.x + task.batch.begin * xImage;
  float* const y = task.y + task.batch.begin * yImage;
  const float *const weights = task.weights, *const bias = task.bias;
  const bool far = comesFromMemory(g);

  const Filter filter(g.down(), g.across(), {0, g.columns()}, outputs, g.unsharp, scratch);
  const Range needed = filter.needed;
  float* const sources = scratch;  // of a group of images
  float* const rings = sources + kGroup * filter.sourceFloats;
  float* const noBias = rings + images * filter.ringFloats;
  float* const lastWeights = noBias + apart(size);
  for (int64_t b = 0; b < kGroup; ++b) filter.writeFrame(sources + b * filter.sourceFloats);
  for (int64_t t = 0; t < size; t += LANES) store(noBias + t, Vector{});

  // A row of M. Rows of W that aren't whole vectors are read with the beginning of the next, and what comes of that lies
  // where the next pixel's products go. Only behind the map's end nothing may be read.
  const auto multiply = [=](int64_t r, Range batch) {
    for (int64_t c = needed.begin; c < needed.end; ++c) {
      const int64_t pixel = r * g.width + c;
      const float* w = weights + pixel * inputs * outputs;
      int64_t wRow = outputs;
      if (whole - outputs > (pixels - 1 - pixel) * inputs * outputs) {
        copy(w, outputs, inputs, outputs, lastWeights, whole);
        w = lastWeights, wRow = whole;
      }
      const float* const xPixel = x + pixel * inputs;
      if (far && batch.end < images) prefetchPixel(xPixel + batch.end * xImage, xImage, std::min(images - batch.end, batch.size()), inputs);
      else if (far && r + 1 < g.height) prefetchPixel(xPixel + g.width * inputs, xImage, std::min(images, kGroup), inputs);
      gemm(xPixel + batch.begin * xImage, xImage, 1, w, wRow,
           sources + filter.firstSource() + (c - needed.begin) * outputs, filter.sourceFloats, batch.size(), whole, inputs);
    }
    if (whole != outputs)
      for (int64_t b = 0; b < batch.size(); ++b) filter.writeFrame(sources + b * filter.sourceFloats);
  };

  const Vector floor = Vector{} + (g.relu ? 0 : -__builtin_inff());
  const int64_t vectors = size / LANES * LANES, groups = groupsOf(images, xImage);
  eachStep(g.down(), task.rows, [&](int64_t r, int64_t i, const Span& span) {
    for (int64_t group = 0; group < groups; ++group) {
      const Range batch = part(images, group, groups);
      if (r >= 0) multiply(r, batch);
      for (int64_t b = batch.begin; b < batch.end; ++b) {
        const float* const row = sources + (b - batch.begin) * filter.sourceFloats;
        float* const ring = rings + b * filter.ringFloats;
        if (i < 0) {
          filter.add(r, row, ring);
          continue;
        }
        float* const to = y + b * yImage + i * size;
        const float* const add = bias ? bias + i * size : noBias;
        const auto finished = [floor](Vector v) { return v < floor ? floor : v; };  // NaN stays
        const int64_t next = far && b + 1 < images ? yImage : 0;
        const auto emit = [=](int64_t t, Vector v) {
          if (t % 16 == 0) prefetch<true>(to + next + t);
          store(to + t, finished(v + load(add + t)));
        };
        if (r >= 0 && vectors == size && filter.addAndSum(r, row, span, ring, size, emit)) continue;
        if (r >= 0) filter.add(r, row, ring);
        filter.sum(span, ring, 0, vectors, emit);
        filter.sum(span, ring, vectors, size, [=](int64_t t, Vector v) {
          storeFirst(to + t, finished(v + loadFirst(add + t, size - t)), size - t);
        });
      }
    }
  });
}

// ---- backward -------------------------------------------------------------------------------------------------------

int64_t backwardScratch(const BackwardTask& task) {
  const Geometry& g = task.geometry;
  const int64_t images = std::min(g.batch, kBackwardBlock), in = padded(g.inputs), columns = task.columns.size();
  return Filter::scratch(task.columns, g.outputs) + Filter::sourceRow(g.across().adjoint(), task.columns, g.outputs) +
         images * (apart(columns * g.outputs) + Filter::ring(g.down().adjoint(), task.columns, g.outputs, g.unsharp)) +
         columns * g.outputs * in + std::max(g.inputs * padded(g.outputs), kGroup * in);
}

/// to[t] = dy[t] where y[t] > 0; y is null without ReLU. Asks for the floats `ahead` of these, the next image's.
inline void mask(const float* dy, const float* y, int64_t size, int64_t ahead, float* to) {
  int64_t t = 0;
  for (; t + LANES <= size; t += LANES) {
    if (t % 16 == 0) {
      prefetch(dy + ahead + t);
      if (y) prefetch(y + ahead + t);
    }
    store(to + t, y ? (load(y + t) <= 0 ? Vector{} : load(dy + t)) : load(dy + t));
  }
  for (; t < size; ++t) to[t] = y && y[t] <= 0 ? 0 : dy[t];
}

/// sums[t] = from[t], or += it.
inline void accumulate(const float* from, int64_t size, bool first, float* sums) {
  int64_t t = 0;
  for (; t + LANES <= size; t += LANES) store(sums + t, first ? load(from + t) : load(sums + t) + load(from + t));
  for (; t < size; ++t) sums[t] = first ? from[t] : sums[t] + from[t];
}

/// dW (+)= xᵀ·dM of one pixel; `scratch` has room for it with whole vectors.
inline void weightGradient(const Geometry& g, const float* x, int64_t xImage, const float* dM, int64_t dMImage, int64_t images,
                           bool first, float* dWeights, float* scratch) {
  const int64_t whole = padded(g.outputs);
  if (whole == g.outputs) {
    if (first) gemm(x, 1, xImage, dM, dMImage, dWeights, whole, g.inputs, whole, images);
    else gemm<true>(x, 1, xImage, dM, dMImage, dWeights, whole, g.inputs, whole, images);
    return;
  }
  gemm(x, 1, xImage, dM, dMImage, scratch, whole, g.inputs, whole, images);
  for (int64_t i = 0; i < g.inputs; ++i) accumulate(scratch + i * whole, g.outputs, first, dWeights + i * g.outputs);
}

void backwardBlock(const BackwardTask task, Range batch, float* scratch) {
  const Geometry g = task.geometry;
  const Axis down = g.down(), across = g.across();
  const int64_t inputs = g.inputs, outputs = g.outputs, in = padded(inputs), images = batch.size();
  const int64_t columns = task.columns.size(), size = columns * outputs;
  const int64_t xImage = g.height * g.width * inputs, yRow = g.columns() * outputs, yImage = g.rows() * yRow;
  const bool far = comesFromMemory(g);
  const auto from = [](auto* images, int64_t offset) { return images ? images + offset : nullptr; };
  const float *const x = from(task.x, batch.begin * xImage), *const weights = task.weights;
  const float *const y = g.relu ? task.y + batch.begin * yImage : nullptr, *const dy = task.dy + batch.begin * yImage;
  float *const dX = from(task.dX, batch.begin * xImage), *const dWeights = task.dWeights, *const dBias = task.dBias;

  const Filter filter(down.adjoint(), across.adjoint(), task.columns, outputs, g.unsharp, scratch);
  const Range needed = filter.needed;
  float* const sources = scratch;  // dy of one image, masked
  float* const dM = sources + filter.sourceFloats;
  float* const rings = dM + images * filter.rowFloats;
  float* const transposed = rings + images * filter.ringFloats;  // Wᵀ of a row
  float* const rest = transposed + columns * outputs * in;
  filter.writeFrame(sources);

  // Windows overlap several tasks' pixels: the one with the window's first pixel sums its bias.
  const auto owns = [](const Axis& axis, int64_t window, Range pixels) {
    const int64_t pixel = axis.at(window).begin;
    return pixel >= pixels.begin && pixel < pixels.end;
  };
  Range owned = needed;
  while (owned.begin < owned.end && !owns(across, owned.begin, task.columns)) ++owned.begin;
  while (owned.begin < owned.end && !owns(across, owned.end - 1, task.columns)) --owned.end;

  // Row i of dy into the ring, row r of dM out of it.
  const auto filterRow = [&](int64_t i, int64_t r, const Span& span) {
    const bool biased = i >= 0 && dBias && owns(down, i, task.rows);
    for (int64_t b = 0; b < images; ++b) {
      float* const ring = rings + b * filter.ringFloats;
      if (i >= 0) {
        const int64_t at = b * yImage + i * yRow + needed.begin * outputs;
        float* const masked = sources + filter.firstSource();
        mask(dy + at, from(y, at), needed.size() * outputs, far && b + 1 < images ? yImage : 0, masked);
        if (biased)
          accumulate(masked + (owned.begin - needed.begin) * outputs, owned.size() * outputs, batch.begin + b == 0,
                     dBias + i * yRow + owned.begin * outputs);
      }
      const auto emit = storeTo(dM + b * filter.rowFloats);
      if (i >= 0 && r >= 0 && filter.addAndSum(i, sources, span, ring, size, emit)) continue;
      if (i >= 0) filter.add(i, sources, ring);
      if (r >= 0) filter.sum(span, ring, 0, size, emit);
    }
  };

  // Group by group, so that few rows of dx are written at a time.
  const int64_t groups = groupsOf(images, xImage);
  const auto inputGradient = [=](int64_t firstPixel) {
    for (int64_t c = 0; c < columns; ++c)
      transpose(weights + (firstPixel + c) * inputs * outputs, inputs, outputs, transposed + c * outputs * in, in);
    for (int64_t group = 0; group < groups; ++group) {
      const Range some = part(images, group, groups);
      for (int64_t c = 0; c < columns; ++c) {
        const float *const m = dM + some.begin * filter.rowFloats + c * outputs, *const w = transposed + c * outputs * in;
        float* const to = dX + some.begin * xImage + (firstPixel + c) * inputs;
        const bool direct = in == inputs;
        if (far && c + 2 < columns) prefetchPixel<true>(to + 2 * inputs, xImage, some.size(), inputs);
        gemm(m, filter.rowFloats, 1, w, in, direct ? to : rest, direct ? xImage : in, some.size(), in, outputs);
        if (!direct) copy(rest, in, some.size(), inputs, to, xImage);
      }
    }
  };

  eachStep(down.adjoint(), task.rows, [&](int64_t i, int64_t r, const Span& span) {
    filterRow(i, r, span);
    if (r < 0) return;
    const int64_t firstPixel = r * g.width + task.columns.begin;
    if (dX) inputGradient(firstPixel);
    if (!dWeights) return;
    for (int64_t c = 0; c < columns; ++c) {
      const float* const xPixel = x + (firstPixel + c) * inputs;
      if (far && c + 1 < columns) prefetchPixel(xPixel + inputs, xImage, images, inputs);
      weightGradient(g, xPixel, xImage, dM + c * outputs, filter.rowFloats, images, batch.begin == 0,
                     dWeights + (firstPixel + c) * inputs * outputs, rest);
    }
  });
}

void backward(const BackwardTask& task, float* scratch) {
  const int64_t batch = task.geometry.batch;
  for (int64_t b = 0; b < batch; b += kBackwardBlock)
    backwardBlock(task, {b, std::min(batch, b + kBackwardBlock)}, scratch);
}

}  // namespace

extern const Kernels KERNELS = {SIMD_NAME, LANES, forwardScratch, backwardScratch, forward, backward};

}  // namespace weightmap
