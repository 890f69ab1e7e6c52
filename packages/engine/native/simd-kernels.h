// The boundary between the plan (kernels.cc) and the vector code, which is compiled once for each instruction set.
#pragma once
#include "geometry.h"

namespace weightmap {

/// Images [batch.begin, batch.end) and output rows `rows` of y = act(filter(x·W) + bias). `bias` may be null.
struct ForwardTask {
  const Geometry& geometry;
  Range batch, rows;
  const float *x, *weights, *bias;
  float* y;
};

/// The pixels rows × columns of the gradients. A null output isn't wanted; what only it needs isn't read and may be
/// null, too: x is for dWeights, weights for dX, y for ReLU.
struct BackwardTask {
  const Geometry& geometry;
  Range rows, columns;
  const float *x, *weights, *y, *dy;
  float *dX, *dWeights, *dBias;
};

/// The kernels of one instruction set.
struct Kernels {
  const char* name;
  int64_t lanes;
  /// Floats of scratch memory that a task needs.
  int64_t (*forwardScratch)(const ForwardTask&);
  int64_t (*backwardScratch)(const BackwardTask&);
  void (*forward)(const ForwardTask&, float* scratch);
  void (*backward)(const BackwardTask&, float* scratch);
};

/// Images that `backward` takes at a time. Fixed: the order of the sums over the batch follows from it.
constexpr int64_t kBackwardBlock = 64;

extern const Kernels portableKernels;
#if defined(__x86_64__)
extern const Kernels avx2Kernels;
extern const Kernels avx512Kernels;
#endif

}  // namespace weightmap
