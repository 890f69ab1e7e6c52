// The code for AVX-512 without its instructions, so that its logic is tested on every processor.
#define SIMD_NAME "wide"
#define LANES 16
#define TILE_ROWS 12
#define KERNELS wideKernels
#include "../simd-kernels-body.h"
