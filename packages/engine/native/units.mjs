// What is compiled, and how: for the addon (install/kernels.mjs), the test and the benchmark.

/** The kernels' units with the flags of their own, without the addon's: the vector code once for each instruction set. */
export const KERNEL_UNITS = {
  'kernels.cc': [],
  'workers.cc': [],
  'simd-portable.cc': [],
  ...(process.arch === 'x64' && {
    'simd-avx2.cc': ['-mavx2', '-mfma'],
    'simd-avx512.cc': ['-mavx512f', '-mavx512dq'],
  }),
};

/** Flags of all units that are to be fast. */
export const OPTIMIZED = ['-O3', '-fPIC', '-std=c++17', '-fvisibility=hidden', '-ffp-contract=fast'];
