#include "workers.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

namespace weightmap {
namespace {

int defaultThreadCount() {
  const char* wish = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int threads = wish ? std::atoi(wish) : 0;
  return threads > 0 ? threads : std::max(1u, std::thread::hardware_concurrency());
}

std::atomic<int>& chosenThreads() {
  static std::atomic<int> threads{defaultThreadCount()};
  return threads;
}

/// Its threads live as long as the process: the pool is never destroyed, so they need not be joined at exit.
class Pool {
 public:
  static Pool& get() {
    static Pool* const pool = new Pool;
    return *pool;
  }

  /// False if it is working already.
  bool run(int64_t parts, const std::function<void(int64_t)>& body, int helpers) {
    const std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn) return false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      helpers = std::min(helpers, start(helpers));
      body_ = &body;
      parts_ = parts;
      next_ = 0;
      invited_ = helpers;
      ++generation_;
    }
    wake_.notify_all();
    takeParts();
    // A helper that hasn't woken yet has nothing left to do; only those that began are waited for.
    std::unique_lock<std::mutex> lock(mutex_);
    invited_ = 0;
    done_.wait(lock, [&] { return busy_ == 0; });
    return true;
  }

 private:
  /// Starts threads until there are as many; returns how many there are, for the system may refuse more.
  int start(int threads) {
    try {
      for (; started_ < threads; ++started_) std::thread(&Pool::work, this, started_).detach();
    } catch (const std::system_error&) {
    }
    return started_;
  }

  void takeParts() {
    for (int64_t i; (i = next_.fetch_add(1)) < parts_;) (*body_)(i);
  }

  void work(int index) {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return generation_ != seen && index < invited_; });
      seen = generation_;
      ++busy_;
      lock.unlock();
      takeParts();
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex turn_, mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(int64_t)>* body_ = nullptr;
  int64_t parts_ = 0;
  std::atomic<int64_t> next_{0};
  int started_ = 0, invited_ = 0, busy_ = 0;
  uint64_t generation_ = 0;
};

}  // namespace

int threadCount() { return chosenThreads(); }
void setThreadCount(int threads) { chosenThreads() = threads; }

void parallelFor(int64_t parts, const std::function<void(int64_t)>& body) {
  const int64_t helpers = std::min<int64_t>(threadCount(), parts) - 1;
  if (helpers > 0 && Pool::get().run(parts, body, static_cast<int>(helpers))) return;
  for (int64_t i = 0; i < parts; ++i) body(i);
}

float* scratchMemory(int64_t floats) {
  constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(float* memory) const { ::operator delete(memory, alignment); }
  };
  thread_local std::unique_ptr<float, Free> memory;
  thread_local int64_t size = 0;
  if (floats > size) {
    memory.reset();
    size = 0;
    memory.reset(static_cast<float*>(::operator new(floats * sizeof(float), alignment)));
    size = floats;
  }
  return memory.get();
}

}  // namespace weightmap
