#define SIMD_NAME "avx2"
#define LANES 8
#define TILE_ROWS 6
#define KERNELS avx2Kernels
#include "simd-kernels-body.h"
