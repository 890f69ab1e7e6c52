// Weight map layers (Amer & Maul) with bias and ReLU in the pass, forward and backward, on all threads.
//
//   M[b, p, co] = Σ_ci x[b, p, ci]·W[p, ci, co];   smoothing: F = box_k;   unsharp: F = 2·centre − box_k
//   y = act(F(M) + bias),   g = dy where y > 0 (ReLU) or everywhere,   dM = Fᵀ(g)
//   dW[p] = Σ_b x[b, p]ᵀ·dM[b, p],   dx[b, p] = dM[b, p]·W[p]ᵀ,   dBias = Σ_b g
//
// All arrays are row-major float32, shaped as Geometry says; no output may overlap another array. The results
// don't depend on the number of threads: every element is summed in one fixed order.
#pragma once
#include "geometry.h"
#include "simd-kernels.h"

namespace weightmap {

/// The fastest kernels that this processor runs, or those named by WEIGHTMAP_SIMD (portable, avx2, avx512) if it can.
const Kernels& kernels();
/// Those of a name, or null if there are none or the processor can't run them.
const Kernels* kernelsNamed(const char* name);

/// `bias` may be null.
void forward(const Kernels&, const Geometry&, const float* x, const float* weights, const float* bias, float* y);

/// Null outputs aren't computed; `y` is read with ReLU only, x for dWeights only, weights for dX only.
void backward(const Kernels&, const Geometry&, const float* x, const float* weights, const float* y, const float* dy,
              float* dX, float* dWeights, float* dBias);

}  // namespace weightmap
