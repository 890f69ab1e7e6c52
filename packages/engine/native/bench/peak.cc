// The processor's peak of fused multiply-adds: independent ones on registers, nothing else. Prints GFLOP/s of one thread.
// Compiled for the machine that it runs on.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
typedef float Vector __attribute__((vector_size(4 * kLanes)));

int main() {
  constexpr int64_t turns = 200000;
  double best = 0;
  Vector total = {};
  for (int round = 0; round < 200; ++round) {
    const Vector factor = Vector{} + 0.999f, term = Vector{} + float(round);
    Vector a = {}, b = {}, c = {}, d = {}, e = {}, f = {}, g = {}, h = {}, i = {}, j = {}, k = {}, l = {};
    for (Vector* sum : {&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l}) asm("" : "+v"(*sum));  // as if they weren't equal
    const auto begin = std::chrono::steady_clock::now();
    for (int64_t turn = 0; turn < turns; ++turn)
      for (Vector* sum : {&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l}) *sum = *sum * factor + term;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    best = std::max(best, 2.0 * kLanes * 12 * turns / seconds / 1e9);
    total += a + b + c + d + e + f + g + h + i + j + k + l;
  }
  std::printf("%.1f\n", best);
  return total[0] < 0;
}
