#define SIMD_NAME "portable"
#define LANES 4
#define TILE_ROWS 6
#define KERNELS portableKernels
#include "simd-kernels-body.h"
