// The definition of the layer in plain double loops: no box filter taken apart, no blocks, no vectors.
#pragma once
#include <vector>

#include "../geometry.h"

namespace reference {

using weightmap::Geometry;
using Doubles = std::vector<double>;

struct Gradients {
  Doubles dX, dWeights, dBias;
};

/// Visits every term of every output: factor·x[xAt]·weights[wAt] belongs to y[yAt].
template <class Visit>
void eachTerm(const Geometry& g, Visit visit) {
  const int64_t centre = (g.kernel - 1) / 2;
  for (int64_t b = 0; b < g.batch; ++b)
    for (int64_t i = 0; i < g.rows(); ++i)
      for (int64_t j = 0; j < g.columns(); ++j)
        for (int64_t u = 0; u < g.kernel; ++u)
          for (int64_t v = 0; v < g.kernel; ++v) {
            const int64_t r = i * g.strideDown - g.top + u, c = j * g.strideAcross - g.left + v;
            if (r < 0 || r >= g.height || c < 0 || c >= g.width) continue;
            const double factor = !g.unsharp ? 1 : u == centre && v == centre ? 1 : -1;
            for (int64_t ci = 0; ci < g.inputs; ++ci)
              for (int64_t co = 0; co < g.outputs; ++co)
                visit(factor, ((b * g.height + r) * g.width + c) * g.inputs + ci,
                      ((r * g.width + c) * g.inputs + ci) * g.outputs + co,
                      ((b * g.rows() + i) * g.columns() + j) * g.outputs + co);
          }
}

inline Doubles forward(const Geometry& g, const float* x, const float* weights, const float* bias) {
  const int64_t image = g.rows() * g.columns() * g.outputs;
  Doubles y(g.batch * image);
  eachTerm(g, [&](double factor, int64_t xAt, int64_t wAt, int64_t yAt) {
    y[yAt] += factor * x[xAt] * weights[wAt];
  });
  for (size_t i = 0; i < y.size(); ++i) {
    if (bias) y[i] += bias[i % image];
    if (g.relu && y[i] < 0) y[i] = 0;
  }
  return y;
}

inline Gradients backward(const Geometry& g, const float* x, const float* weights, const float* y, const float* dy) {
  const int64_t image = g.rows() * g.columns() * g.outputs, pixels = g.height * g.width;
  Gradients d{Doubles(g.batch * pixels * g.inputs), Doubles(pixels * g.inputs * g.outputs), Doubles(image)};
  const auto masked = [&](int64_t i) { return g.relu && y[i] <= 0 ? 0.0 : dy[i]; };
  eachTerm(g, [&](double factor, int64_t xAt, int64_t wAt, int64_t yAt) {
    d.dX[xAt] += factor * weights[wAt] * masked(yAt);
    d.dWeights[wAt] += factor * x[xAt] * masked(yAt);
  });
  for (int64_t i = 0; i < g.batch * image; ++i) d.dBias[i % image] += masked(i);
  return d;
}

}  // namespace reference
