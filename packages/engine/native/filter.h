// The layers' fixed filter on rows of pixels of one image: included by simd-kernels-body.h, in its anonymous namespace.
//
// Rows are [columns, channels] without gaps, so that every sum is one loop over a row, whatever the channels. Loops work on
// whole vectors: rows have room for a vector more, and what is written there is never used. Sums are direct, never
// running: nothing cancels.

/// Floats of a row with room behind it: an odd number of cache lines, since rows a power of two apart share a few cache sets.
inline int64_t apart(int64_t row) { return (row + LANES + 15) / 16 * 16 | 16; }

/// emit(t, slot(0)[t…] + … + slot(count - 1)[t…]) for t = 0, LANES, … < size. `temporary` is a row for sums of many.
template <class Slot, class Emit>
inline void eachSum(int64_t size, int64_t count, float* temporary, Slot slot, Emit emit) {
  const float* const a = count > 0 ? slot(0) : nullptr;
  const float* const b = count > 1 ? slot(1) : nullptr;
  const float* const c = count > 2 ? slot(2) : nullptr;
  if (count == 0)
    for (int64_t t = 0; t < size; t += LANES) emit(t, Vector{});
  else if (count == 1)
    for (int64_t t = 0; t < size; t += LANES) emit(t, load(a + t));
  else if (count == 2)
    for (int64_t t = 0; t < size; t += LANES) emit(t, load(a + t) + load(b + t));
  else if (count == 3)
    for (int64_t t = 0; t < size; t += LANES) emit(t, load(a + t) + load(b + t) + load(c + t));
  else {
    for (int64_t t = 0; t < size; t += LANES) store(temporary + t, load(a + t) + load(b + t) + load(c + t));
    int64_t s = 3;
    for (; s + 2 < count; s += 2) {
      const float *const d = slot(s), *const e = slot(s + 1);
      for (int64_t t = 0; t < size; t += LANES) store(temporary + t, load(temporary + t) + load(d + t) + load(e + t));
    }
    const float *const d = slot(s), *const e = s + 1 < count ? slot(s + 1) : nullptr;
    if (e)
      for (int64_t t = 0; t < size; t += LANES) emit(t, load(temporary + t) + load(d + t) + load(e + t));
    else
      for (int64_t t = 0; t < size; t += LANES) emit(t, load(temporary + t) + load(d + t));
  }
}

/// What eachSum is to do with its sums.
inline auto storeTo(float* to) {
  return [to](int64_t t, Vector v) { store(to + t, v); };
}

/// Positions [begin, end) with `count` sources each: those of `begin` are `first` and the following, and from one position
/// to the next all move one further. `centre` is the source under the first window's centre, or -1 for all of them.
struct Run {
  int64_t begin, end, first, count, centre;
};

/// Filters images row by row, one image after another. Each has a ring of the last rows of sources, summed across.
///
/// With stride 1 a row of sources lies between as many zeros as windows reach, so that all positions have k sources and
/// are one run; with another stride each position is a run of its own.
class Filter {
 public:
  /// Takes what it needs from `memory`. Only `columns` are computed; `needed` are the sources that they read.
  Filter(const Axis& down, const Axis& across, Range columns, int64_t channels, bool unsharp, float*& memory)
      : columns(columns), needed(across.sourcesOf(columns)), channels(channels), sourceFloats(sourceRow(across, columns, channels)),
        rowFloats(apart(columns.size() * channels)), ringFloats(ring(down, columns, channels, unsharp)), framed_(frame(across, columns)),
        depth_(down.depth()), unsharp_(unsharp), runs_(reinterpret_cast<Run*>(memory)), temporary_(memory + runFloats(columns)) {
    memory += scratch(columns, channels);
    const int64_t centre = (across.k - 1) / 2;
    if (across.stride == 1) {
      runs_[runCount_++] = {0, columns.size(), 0, across.k, across.transposed ? across.k - 1 - centre : centre};
      return;
    }
    for (int64_t j = columns.begin; j < columns.end; ++j) {
      const Span span = across.at(j);
      runs_[runCount_++] = {j - columns.begin, j + 1 - columns.begin, span.begin - framed_.begin, span.end - span.begin,
                            span.centre < 0 ? -1 : span.centre - framed_.begin};
    }
  }

  static int64_t scratch(Range columns, int64_t channels) { return runFloats(columns) + apart(columns.size() * channels); }
  static int64_t sourceRow(const Axis& across, Range columns, int64_t channels) { return apart(frame(across, columns).size() * channels); }
  static int64_t ring(const Axis& down, Range columns, int64_t channels, bool unsharp) {
    return (unsharp ? 2 : 1) * down.depth() * apart(columns.size() * channels);
  }

  const Range columns, needed;
  const int64_t channels;
  /// Of a row of sources with its zeros, of a row of positions, and of a ring.
  const int64_t sourceFloats, rowFloats, ringFloats;

  /// Where the first needed source lies in a row of them.
  int64_t firstSource() const { return (needed.begin - framed_.begin) * channels; }

  /// Writes the zeros around the sources.
  void writeFrame(float* sources) const {
    const int64_t end = (needed.end - framed_.begin) * channels;
    for (int64_t t = 0; t < firstSource(); ++t) sources[t] = 0;
    for (int64_t t = end; t < framed_.size() * channels; ++t) sources[t] = 0;
  }

  /// Puts row r of the sources into the ring.
  void add(int64_t r, const float* sources, float* ring) const {
    for (const Run* run = runs_; run < runs_ + runCount_; ++run) {
      const int64_t size = (run->end - run->begin) * channels, at = run->begin * channels;
      eachSum(size, run->count, temporary_, [&](int64_t s) { return sources + (run->first + s) * channels; }, storeTo(slot(ring, r) + at));
      if (unsharp_)
        eachSum(size, run->centre < 0 ? 0 : 1, temporary_, [&](int64_t) { return sources + run->centre * channels; },
                storeTo(slot(centres(ring), r) + at));
    }
  }

  /// emit(t, vector) for the floats [begin, end) of the row of positions that sees `vertical`.
  template <class Emit>
  void sum(const Span& vertical, float* ring, int64_t begin, int64_t end, Emit emit) const {
    const auto rows = [&](int64_t s) { return slot(ring, vertical.begin + s) + begin; };
    const auto eachRow = [&](auto body) { eachSum(end - begin, vertical.end - vertical.begin, temporary_, rows, body); };
    if (!unsharp_) return eachRow([=](int64_t t, Vector v) { emit(begin + t, v); });
    if (vertical.centre < 0) return eachRow([=](int64_t t, Vector v) { emit(begin + t, -v); });
    const float* const centre = slot(centres(ring), vertical.centre) + begin;
    eachRow([=](int64_t t, Vector v) { emit(begin + t, 2 * load(centre + t) - v); });
  }

  /// add and sum in one pass over the row, where that is easy: smoothing by 3×3 windows that see three rows, r the last of
  /// them. False, and nothing done, elsewhere.
  template <class Emit>
  bool addAndSum(int64_t r, const float* sources, const Span& vertical, float* ring, int64_t end, Emit emit) const {
    if (unsharp_ || runCount_ > 1 || runs_->count != 3 || vertical.end - vertical.begin != 3 || vertical.end != r + 1) return false;
    const float *const second = sources + channels, *const third = second + channels;
    const float *const above = slot(ring, r - 2), *const before = slot(ring, r - 1);
    float* const sums = slot(ring, r);
    for (int64_t t = 0; t < end; t += LANES) {
      const Vector v = load(sources + t) + load(second + t) + load(third + t);
      store(sums + t, v);
      emit(t, load(above + t) + load(before + t) + v);
    }
    return true;
  }

 private:
  static int64_t runFloats(Range columns) { return apart(columns.size() * int64_t(sizeof(Run) / sizeof(float))); }

  /// The sources and zeros that a row consists of.
  static Range frame(const Axis& across, Range columns) {
    if (across.stride != 1) return across.sourcesOf(columns);
    const int64_t first = columns.begin + (across.transposed ? across.before - across.k + 1 : -across.before);
    return {first, first + columns.size() + across.k - 1};
  }

  float* slot(float* ring, int64_t r) const { return ring + r % depth_ * rowFloats; }
  float* centres(float* ring) const { return ring + depth_ * rowFloats; }

  const Range framed_;
  const int64_t depth_;
  const bool unsharp_;
  Run* const runs_;
  float* const temporary_;
  int64_t runCount_ = 0;
};

/// Goes through the rows of positions: step(r, i, span) for every row of sources r that they need, in order, where i is the
/// row of positions that is complete with it, or -1. One that needs no further source has a step with r = -1.
template <class Step>
inline void eachStep(const Axis& down, Range positions, Step step) {
  int64_t r = 0;
  for (int64_t i = positions.begin; i < positions.end; ++i) {
    const Span span = down.at(i);
    r = std::max(r, span.begin);
    if (r >= span.end) step(int64_t{-1}, i, span);
    for (; r < span.end; ++r) step(r, r + 1 == span.end ? i : int64_t{-1}, span);
  }
}
