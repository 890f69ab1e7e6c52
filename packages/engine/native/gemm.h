// Small matrix products on vectors of LANES floats: included by simd-kernels-body.h, in its anonymous namespace.

// Unaligned: NHWC rows begin anywhere.
typedef float Vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }
inline int64_t padded(int64_t n) { return (n + LANES - 1) / LANES * LANES; }

/// The first n floats, and zeros.
inline Vector loadFirst(const float* p, int64_t n) {
  Vector v = {};
  for (int64_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
inline void storeFirst(float* p, Vector v, int64_t n) {
  for (int64_t i = 0; i < n; ++i) p[i] = v[i];
}

/// R rows and N vectors of C = A·B (or C += A·B), held in registers. A's element (r, d) is a[r·aRow + d·aDepth].
template <int R, int N, bool ADD>
inline void tile(const float* a, int64_t aRow, int64_t aDepth, const float* b, int64_t bRow, float* c, int64_t cRow,
                 int64_t depth) {
  // Left to itself, GCC keeps the sums on the stack at the end.
  Vector sum[R][N];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) sum[r][n] = ADD ? load(c + r * cRow + n * LANES) : Vector{};
  // An address for three rows: one for each wouldn't stay in registers.
  const float* at[(R + 2) / 3];
  for (int r = 0; r < R; r += 3) at[r / 3] = a + r * aRow;
  for (int64_t d = 0; d < depth; ++d, b += bRow) {
    Vector right[N];
    for (int n = 0; n < N; ++n) right[n] = load(b + n * LANES);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const float left = at[r / 3][r % 3 * aRow];
      for (int n = 0; n < N; ++n) sum[r][n] += left * right[n];
    }
    for (const float*& p : at) p += aDepth;
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) store(c + r * cRow + n * LANES, sum[r][n]);
}

/// tile<rows, N, ADD>, rows from 1 to R.
template <int R, int N, bool ADD, class... Rest>
inline void tileOf(int64_t rows, Rest... rest) {
  if constexpr (R > 1)
    if (rows != R) return tileOf<R - 1, N, ADD>(rows, rest...);
  tile<R, N, ADD>(rest...);
}

/// All `rows` rows of N vectors, in as few tiles of at most R rows as will do, nearly equal: low ones leave the processor waiting.
template <int R, int N, bool ADD>
inline void panel(const float* a, int64_t aRow, int64_t aDepth, const float* b, int64_t bRow, float* c, int64_t cRow,
                  int64_t rows, int64_t depth) {
  for (int64_t tiles = (rows + R - 1) / R; tiles > 0; --tiles) {
    const int64_t height = rows / tiles;
    tileOf<R, N, ADD>(height, a, aRow, aDepth, b, bRow, c, cRow, depth);
    rows -= height, a += height * aRow, c += height * cRow;
  }
}

/// C[rows × columns] = A·B (or C += A·B with ADD), `columns` a multiple of LANES. Every element is summed in the order of depth.
template <bool ADD = false>
inline void gemm(const float* a, int64_t aRow, int64_t aDepth, const float* b, int64_t bRow, float* c, int64_t cRow,
                 int64_t rows, int64_t columns, int64_t depth) {
  int64_t n = 0;
  for (; n + 2 * LANES <= columns; n += 2 * LANES)
    panel<TILE_ROWS, 2, ADD>(a, aRow, aDepth, b + n, bRow, c + n, cRow, rows, depth);
  for (; n < columns; n += LANES) panel<12, 1, ADD>(a, aRow, aDepth, b + n, bRow, c + n, cRow, rows, depth);
}

/// One step of the transposition: the STEP-sized corners of the rows a and b change places.
template <int STEP, size_t... I>
inline void exchange(Vector& a, Vector& b, std::index_sequence<I...>) {
  const Vector first = __builtin_shufflevector(a, b, (I & STEP ? LANES + I - STEP : I)...);
  b = __builtin_shufflevector(a, b, (I & STEP ? LANES + I : I + STEP)...);
  a = first;
}

template <int STEP>
inline void exchangeAll(Vector (&rows)[LANES]) {
  for (int i = 0; i < LANES; ++i)
    if (!(i & STEP)) exchange<STEP>(rows[i], rows[i + STEP], std::make_index_sequence<LANES>());
  if constexpr (2 * STEP < LANES) exchangeAll<2 * STEP>(rows);
}

/// to[columns × toRow] = fromᵀ, from[rows × columns]; toRow = padded(rows), the rest zeros.
inline void transpose(const float* from, int64_t rows, int64_t columns, float* to, int64_t toRow) {
  for (int64_t r = 0; r < rows; r += LANES) {
    int64_t c = 0;
    if (r + LANES <= rows)
      for (; c + LANES <= columns; c += LANES) {
        Vector block[LANES];
        for (int i = 0; i < LANES; ++i) block[i] = load(from + (r + i) * columns + c);
        exchangeAll<1>(block);
        for (int i = 0; i < LANES; ++i) store(to + (c + i) * toRow + r, block[i]);
      }
    for (; c < columns; ++c)
      for (int64_t i = 0; i < LANES; ++i) to[c * toRow + r + i] = r + i < rows ? from[(r + i) * columns + c] : 0;
  }
}
