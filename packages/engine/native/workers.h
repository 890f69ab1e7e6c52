// A pool of threads for loops whose parts don't depend on each other.
#pragma once
#include <cstdint>
#include <functional>

namespace weightmap {

/// Threads a loop may use: TF_NUM_INTRAOP_THREADS when first asked, else one a core.
int threadCount();

/// For tests: as if TF_NUM_INTRAOP_THREADS had been `threads`. Not while a loop runs.
void setThreadCount(int threads);

/// Calls body(0) … body(parts - 1), each once, on the calling thread and those of the pool; returns when all are done.
/// While the pool works for another caller the calling thread does all of them.
void parallelFor(int64_t parts, const std::function<void(int64_t)>& body);

/// Memory of the calling thread, at least `floats` long, 64-byte aligned, kept for the next call; its content is undefined.
float* scratchMemory(int64_t floats);

}  // namespace weightmap
