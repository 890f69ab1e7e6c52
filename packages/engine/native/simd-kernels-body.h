// Weight map layers, forward and backward, for one instruction set. A translation unit defines LANES, TILE_ROWS and
// KERNELS and includes this file. Everything lies in an anonymous namespace, and no code of the standard library is
// instantiated: the linker must never choose a function compiled for another processor.
//
// Both directions are one pipeline. A block is what belongs to one pixel: [images, channels], channels padded to whole
// vectors. `source` makes the blocks of a row, `boxFilter` sums them over the window (k along the row, then k rows of a
// ring buffer), `finish` takes the sums of a row. Sums are direct, never running: nothing cancels.
//   forward   source: M[p] = x[p]·W[p]             finish: bias, ReLU, store
//   backward  source: dy masked by ReLU, and db    finish: dW[p] = x[p]ᵀ·dM[p], dx[p] = dM[p]·W[p]ᵀ
#include <cstddef>
#include <cstdint>
#include <utility>

#include "simd-kernels.h"

namespace weightmap {
namespace {

#include "gemm.h"

/// out = sum of `count` blocks, slot(0) … slot(count - 1).
template <class Slot>
inline void sumBlocks(float* out, int64_t size, int64_t count, Slot slot) {
  if (count == 3) {
    const float *a = slot(0), *b = slot(1), *c = slot(2);
    for (int64_t i = 0; i < size; i += LANES) store(out + i, load(a + i) + load(b + i) + load(c + i));
    return;
  }
  if (count == 0)
    for (int64_t i = 0; i < size; i += LANES) store(out + i, Vector{});
  for (int64_t s = 0; s < count; s += 2) {
    const float *a = slot(s), *b = s + 1 < count ? slot(s + 1) : nullptr;
    for (int64_t i = 0; i < size; i += LANES) {
      Vector sum = b ? load(a + i) + load(b + i) : load(a + i);
      store(out + i, s ? load(out + i) + sum : sum);
    }
  }
}

/// From one block to the next: a cache line more than a block, since blocks a power of two apart share a few cache sets.
inline int64_t apart(int64_t block) { return block + 16; }

inline int64_t filterScratch(const Axis& down, const Axis& across, Range columns, int64_t block, bool unsharp) {
  return ((unsharp ? 2 : 1) * down.depth() * columns.size() + across.sourcesOf(columns).size()) * apart(block);
}

/// For every row i: finish(i, sumAt), where sumAt(j, out) gives a position's box sum, or 2·centre − box sum; positions
/// and what they need are limited to rows × columns. source(r, range, strip) makes the blocks of a row.
template <class Source, class Finish>
inline void boxFilter(const Axis& down, const Axis& across, Range rows, Range columns, int64_t block, bool unsharp,
                      float* scratch, Source source, Finish finish) {
  const int64_t depth = down.depth(), rowSize = columns.size() * apart(block);
  const Range needed = across.sourcesOf(columns);
  float* const sums = scratch;  // ring of rows, each summed across
  float* const centres = sums + depth * rowSize;
  float* const strip = centres + (unsharp ? depth * rowSize : 0);
  const auto pixel = [&](int64_t c) { return strip + (c - needed.begin) * apart(block); };
  const auto ringAt = [&](float* ring, int64_t r, int64_t j) { return ring + r % depth * rowSize + (j - columns.begin) * apart(block); };

  int64_t row = 0;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const Span vertical = down.at(i);
    for (row = std::max(row, vertical.begin); row < vertical.end; ++row) {
      source(row, needed, strip);
      for (int64_t j = columns.begin; j < columns.end; ++j) {
        const Span span = across.at(j);
        sumBlocks(ringAt(sums, row, j), block, span.end - span.begin, [&](int64_t s) { return pixel(span.begin + s); });
        if (unsharp)
          sumBlocks(ringAt(centres, row, j), block, span.centre < 0 ? 0 : 1, [&](int64_t) { return pixel(span.centre); });
      }
    }
    finish(i, [&](int64_t j, float* out) {
      sumBlocks(out, block, vertical.end - vertical.begin, [&](int64_t s) { return ringAt(sums, vertical.begin + s, j); });
      if (!unsharp) return;
      const float* centre = vertical.centre < 0 ? nullptr : ringAt(centres, vertical.centre, j);
      for (int64_t n = 0; n < block; n += LANES)
        store(out + n, (centre ? 2 * load(centre + n) : Vector{}) - load(out + n));
    });
  }
}

/// Calls body(offset, width, whole) for the vectors of a row of `channels` floats; width < LANES in a last, partial one.
template <class Body>
inline void eachVector(int64_t channels, Body body) {
  int64_t n = 0;
  for (; n + LANES <= channels; n += LANES) body(n, int64_t{LANES}, std::true_type{});
  if (n < channels) body(n, channels - n, std::false_type{});
}

template <class Whole>
inline void storePart(float* p, Vector v, int64_t width, Whole) {
  if constexpr (Whole::value) store(p, v);
  else storeFirst(p, v, width);
}
template <class Whole>
inline Vector loadPart(const float* p, int64_t width, Whole) {
  if constexpr (Whole::value) return load(p);
  return loadFirst(p, width);
}

/// W of one pixel with rows of whole vectors: itself if they are, else a copy.
inline const float* wholeRows(const float* weights, int64_t inputs, int64_t outputs, float* copy) {
  if (outputs % LANES == 0) return weights;
  const int64_t row = padded(outputs);
  for (int64_t i = 0; i < inputs; ++i)
    for (int64_t n = 0; n < row; n += LANES)
      store(copy + i * row + n, loadFirst(weights + i * outputs + n, std::min<int64_t>(LANES, outputs - n)));
  return copy;
}

/// Asks for the floats [0, n) at p ahead of time. Rows are read and written image after image; the processor foresees
/// what follows in a row, but not the jump to the next image.
inline void prefetch(const float* p, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) __builtin_prefetch(p + i);
}

/// strip[c, b, :] = images[b, c, :] for the pixels of a row: read in the order in which they lie, image after image,
/// since a pixel of all images is as many pages as images. `channels` floats a pixel, `row` in the strip.
inline void gather(const float* images, int64_t image, int64_t count, int64_t pixels, int64_t channels, float* strip,
                   int64_t row) {
  for (int64_t b = 0; b < count; ++b)
    for (int64_t c = 0; c < pixels; ++c) {
      if (b + 1 < count) prefetch(images + (b + 1) * image + c * channels, channels);
      eachVector(channels, [&](int64_t n, int64_t width, auto whole) {
        store(strip + c * apart(count * row) + b * row + n, loadPart(images + b * image + c * channels + n, width, whole));
      });
    }
}

// ---- forward --------------------------------------------------------------------------------------------------------

int64_t forwardScratch(const ForwardTask& task) {
  const Geometry& g = task.geometry;
  const int64_t images = task.batch.size(), in = padded(g.inputs), out = padded(g.outputs);
  return filterScratch(g.down(), g.across(), {0, g.columns()}, images * out, g.unsharp) + g.inputs * out +
         std::max(g.width * apart(images * in), g.columns() * apart(images * out));
}

void forward(const ForwardTask& task, float* scratch) {
  const Geometry g = task.geometry;  // a copy, as are the pointers: else every store would have them read again
  const int64_t images = task.batch.size(), in = padded(g.inputs), channels = padded(g.outputs);
  const int64_t xImage = g.height * g.width * g.inputs, yImage = g.rows() * g.columns() * g.outputs;
  const int64_t xBlock = apart(images * in), yBlock = apart(images * channels);
  const float* const x = task.x + task.batch.begin * xImage;
  float* const y = task.y + task.batch.begin * yImage;
  const float *const weights = task.weights, *const bias = task.bias;
  float* const weightRows = scratch;
  float* const packed = weightRows + g.inputs * channels;  // x of a row, later y of a row
  float* const filter = packed + std::max(g.width * xBlock, g.columns() * yBlock);

  const auto products = [&](int64_t r, Range needed, float* strip) {
    const int64_t first = r * g.width + needed.begin;
    gather(x + first * g.inputs, xImage, images, needed.size(), g.inputs, packed, in);
    for (int64_t c = 0; c < needed.size(); ++c) {
      const float* w = wholeRows(weights + (first + c) * g.inputs * g.outputs, g.inputs, g.outputs, weightRows);
      gemm(packed + c * xBlock, in, 1, w, channels, strip + c * yBlock, channels, images, channels, g.inputs);
    }
  };
  const auto finish = [&](int64_t i, auto sumAt) {
    for (int64_t j = 0; j < g.columns(); ++j) sumAt(j, packed + j * yBlock);
    const int64_t row = i * g.columns() * g.outputs, columns = g.columns();
    for (int64_t b = 0; b < images; ++b)
      for (int64_t j = 0; j < columns; ++j) {
        if (b + 1 < images) prefetch(y + (b + 1) * yImage + row + j * g.outputs, g.outputs);
        eachVector(g.outputs, [&](int64_t n, int64_t width, auto whole) {
          const int64_t q = row + j * g.outputs + n;
          Vector v = load(packed + j * yBlock + b * channels + n);
          if (bias) v += loadPart(bias + q, width, whole);
          if (g.relu) v = v < 0 ? Vector{} : v;  // NaN stays
          storePart(y + b * yImage + q, v, width, whole);
        });
      }
  };
  boxFilter(g.down(), g.across(), task.rows, {0, g.columns()}, images * channels, g.unsharp, filter, products, finish);
}

// ---- backward -------------------------------------------------------------------------------------------------------

int64_t backwardScratch(const BackwardTask& task) {
  const Geometry& g = task.geometry;
  const int64_t images = std::min(g.batch, kBackwardBlock), in = padded(g.inputs), out = padded(g.outputs);
  return filterScratch(g.down().adjoint(), g.across().adjoint(), task.columns, images * out, g.unsharp) +
         std::max(g.inputs * out, g.outputs * in) + task.columns.size() * apart(images * in) + images * out;
}

/// dW (+)= xᵀ·dM of one pixel, x [images, padded(inputs)]; `rows` is scratch.
inline void weightGradient(const Geometry& g, const float* x, const float* dM, float* dWeights, int64_t images, bool add,
                           float* rows) {
  const int64_t in = padded(g.inputs), out = padded(g.outputs);
  if (out == g.outputs) {
    if (add) gemm<true>(x, 1, in, dM, out, dWeights, out, g.inputs, out, images);
    else gemm(x, 1, in, dM, out, dWeights, out, g.inputs, out, images);
    return;
  }
  gemm(x, 1, in, dM, out, rows, out, g.inputs, out, images);
  for (int64_t i = 0; i < g.inputs; ++i)
    eachVector(g.outputs, [&](int64_t n, int64_t width, auto whole) {
      float* const to = dWeights + i * g.outputs + n;
      const Vector v = load(rows + i * out + n);
      storePart(to, add ? v + loadPart(to, width, whole) : v, width, whole);
    });
}

void backwardBlock(const BackwardTask task, Range batch, float* scratch) {
  const Geometry g = task.geometry;
  const Axis down = g.down(), across = g.across();
  const int64_t images = batch.size(), in = padded(g.inputs), channels = padded(g.outputs);
  const int64_t xImage = g.height * g.width * g.inputs, yImage = g.rows() * g.columns() * g.outputs;
  const int64_t xBlock = apart(images * in), yBlock = apart(images * channels);
  const bool first = batch.begin == 0;
  float* const matrix = scratch;  // of one pixel: dW, or Wᵀ
  float* const dM = matrix + std::max(g.inputs * channels, g.outputs * in);
  float* const packed = dM + images * channels;  // x of a row, then dx of it
  float* const filter = packed + task.columns.size() * xBlock;

  // Windows overlap several tasks' pixels: the one with the window's first pixel sums its bias.
  const auto owns = [](const Axis& axis, int64_t window, Range pixels) {
    const int64_t pixel = axis.at(window).begin;
    return pixel >= pixels.begin && pixel < pixels.end;
  };
  const float *const y = task.y, *const dy = task.dy;
  const auto masked = [&](int64_t i, Range needed, float* strip) {
    const int64_t row = i * g.columns() * g.outputs;
    for (int64_t b = 0; b < images; ++b)
      for (int64_t j = needed.begin; j < needed.end; ++j) {
        const int64_t pixel = (batch.begin + b) * yImage + row + j * g.outputs;
        if (b + 1 < images) prefetch(dy + pixel + yImage, g.outputs);
        if (b + 1 < images && g.relu) prefetch(y + pixel + yImage, g.outputs);
        eachVector(g.outputs, [&](int64_t n, int64_t width, auto whole) {
          const int64_t at = pixel + n;
          Vector v = loadPart(dy + at, width, whole);
          if (g.relu) v = loadPart(y + at, width, whole) <= 0 ? Vector{} : v;
          store(strip + (j - needed.begin) * yBlock + b * channels + n, v);
        });
      }
    if (!task.dBias || !owns(down, i, task.rows)) return;
    for (int64_t j = needed.begin; j < needed.end; ++j)
      if (owns(across, j, task.columns))
        eachVector(g.outputs, [&](int64_t n, int64_t width, auto whole) {
          float* const to = task.dBias + row + j * g.outputs + n;
          const float* from = strip + (j - needed.begin) * yBlock + n;
          Vector sum = first ? Vector{} : loadPart(to, width, whole);
          for (int64_t b = 0; b < images; ++b) sum += load(from + b * channels);
          storePart(to, sum, width, whole);
        });
  };
  const auto products = [&](int64_t r, auto sumAt) {
    const int64_t start = r * g.width + task.columns.begin;
    const int64_t xRow = batch.begin * xImage + start * g.inputs;
    if (task.dWeights) gather(task.x + xRow, xImage, images, task.columns.size(), g.inputs, packed, in);
    for (int64_t c = 0; c < task.columns.size(); ++c) {
      const int64_t w = (start + c) * g.inputs * g.outputs;
      float* const pixel = packed + c * xBlock;
      sumAt(task.columns.begin + c, dM);
      if (task.dWeights) weightGradient(g, pixel, dM, task.dWeights + w, images, !first, matrix);
      if (!task.dX) continue;
      transpose(task.weights + w, g.inputs, g.outputs, matrix, in);
      gemm(dM, channels, 1, matrix, in, pixel, in, images, in, g.outputs);
    }
    if (!task.dX) return;
    for (int64_t b = 0; b < images; ++b)
      for (int64_t c = 0; c < task.columns.size(); ++c) {
        if (b + 1 < images) prefetch(task.dX + xRow + (b + 1) * xImage + c * g.inputs, g.inputs);
        eachVector(g.inputs, [&](int64_t n, int64_t width, auto whole) {
          storePart(task.dX + xRow + b * xImage + c * g.inputs + n, load(packed + c * xBlock + b * in + n), width, whole);
        });
      }
  };
  boxFilter(down.adjoint(), across.adjoint(), task.rows, task.columns, images * channels, g.unsharp, filter, masked, products);
}

void backward(const BackwardTask& task, float* scratch) {
  const int64_t batch = task.geometry.batch;
  for (int64_t b = 0; b < batch; b += kBackwardBlock)
    backwardBlock(task, {b, std::min(batch, b + kBackwardBlock)}, scratch);
}

}  // namespace

extern const Kernels KERNELS = {SIMD_NAME, LANES, forwardScratch, backwardScratch, forward, backward};

}  // namespace weightmap
