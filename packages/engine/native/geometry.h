// What one weight map operation works on, and which window sees which pixel. No TensorFlow, no vector code.
//
// ALWAYS_INLINE: the vector code is compiled for several processors, and the linker keeps one copy of an inline
// function, which might be one that this processor can't run.
#pragma once
#include <algorithm>
#include <cstdint>

#define ALWAYS_INLINE [[gnu::always_inline]] inline

namespace weightmap {

struct Range {
  int64_t begin, end;
  ALWAYS_INLINE int64_t size() const { return end - begin; }
};

/// The sources [begin, end) that one position sums, and the one under the window's centre (-1: it lies in the padding).
struct Span {
  int64_t begin, end, centre;
};

/// One axis of the window: k sources a position, `stride` apart, over `sources` pixels with `before` zeros in front.
struct Axis {
  int64_t sources, positions, k, before, stride;
  bool transposed = false;

  /// Forward: the pixels that window i covers. Transposed: the windows that cover pixel i.
  ALWAYS_INLINE Span at(int64_t i) const {
    const int64_t centre = (k - 1) / 2;
    if (!transposed) {
      const int64_t first = i * stride - before;
      return clipped(first, first + k, first + centre);
    }
    const int64_t reach = i + before;  // counted from the first padded pixel
    const int64_t first = reach < k ? 0 : (reach - k) / stride + 1;
    const int64_t centred = reach - centre;
    return clipped(first, reach / stride + 1, centred >= 0 && centred % stride == 0 ? centred / stride : -1);
  }

  /// All sources of the positions [from.begin, from.end), which aren't none.
  ALWAYS_INLINE Range sourcesOf(Range from) const { return {at(from.begin).begin, at(from.end - 1).end}; }

  /// The most sources that a position may have.
  ALWAYS_INLINE int64_t depth() const { return std::max<int64_t>(1, std::min(sources, transposed ? (k - 1) / stride + 1 : k)); }

  ALWAYS_INLINE Axis adjoint() const { return {positions, sources, k, before, stride, !transposed}; }

 private:
  ALWAYS_INLINE Span clipped(int64_t begin, int64_t end, int64_t centre) const {
    begin = std::clamp<int64_t>(begin, 0, sources);
    end = std::max(begin, std::min(end, sources));
    return {begin, end, centre >= begin && centre < end ? centre : -1};
  }
};

/// Shapes x [batch, height, width, inputs], weights [height, width, inputs, outputs], y [batch, rows, columns, outputs].
struct Geometry {
  int64_t batch, height, width, inputs, outputs;
  int64_t kernel, top, bottom, left, right, strideDown, strideAcross;
  bool unsharp, relu;

  ALWAYS_INLINE bool valid() const {
    return kernel >= 1 && strideDown >= 1 && strideAcross >= 1 && std::min({top, bottom, left, right}) >= 0 &&
           height + top + bottom >= kernel && width + left + right >= kernel;
  }
  ALWAYS_INLINE int64_t rows() const { return (height + top + bottom - kernel) / strideDown + 1; }
  ALWAYS_INLINE int64_t columns() const { return (width + left + right - kernel) / strideAcross + 1; }
  ALWAYS_INLINE Axis down() const { return {height, rows(), kernel, top, strideDown}; }
  ALWAYS_INLINE Axis across() const { return {width, columns(), kernel, left, strideAcross}; }
};

/// The i-th of n nearly equal parts of [0, total).
ALWAYS_INLINE Range part(int64_t total, int64_t i, int64_t n) { return {total * i / n, total * (i + 1) / n}; }

}  // namespace weightmap
