#define SIMD_NAME "avx512"
#define LANES 16
#define TILE_ROWS 12
#define KERNELS avx512Kernels
#include "simd-kernels-body.h"
