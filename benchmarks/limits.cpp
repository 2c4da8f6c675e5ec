// What the machine can do at the most, measured by loops that do nothing else: bytes per second between memory and the
// cores, and floating-point operations per second. benchmarks/limits.py compiles this for the machine it runs on.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr std::size_t kVectorBytes = 64;
#elif defined(__AVX__)
constexpr std::size_t kVectorBytes = 32;
#else
constexpr std::size_t kVectorBytes = 16;
#endif
constexpr std::size_t kLanes = kVectorBytes / sizeof(double);
typedef double Vector __attribute__((vector_size(kVectorBytes)));

// Past the caches: the memory need not be read before it is written.
inline void stream(double* to, Vector value) {
#if defined(__AVX512F__)
  _mm512_stream_pd(to, (__m512d)value);
#elif defined(__AVX__)
  _mm256_stream_pd(to, (__m256d)value);
#elif defined(__x86_64__)
  _mm_stream_pd(to, (__m128d)value);
#else
  *reinterpret_cast<Vector*>(to) = value;
#endif
}

inline Vector load(const double* from) { return *reinterpret_cast<const Vector*>(from); }

// Binds the calling thread to the `thread`-th of the cores that this process may use, so that no two share one.
void pin(int thread) {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  int left = thread % CPU_COUNT(&allowed);
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed) || left-- > 0) continue;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(core, &own);
    pthread_setaffinity_np(pthread_self(), sizeof(own), &own);
    return;
  }
#else
  (void)thread;
#endif
}

using Clock = std::chrono::steady_clock;

// Runs `pass(thread)` on threads of their own, each on its core, after `kWarmUp` in which clocks rise and pages come.
// The threads meet before each pass; it lasts from the first one's start to the last one's end. The fastest, in seconds.
template <typename Pass>
double fastest(int threads, int passes, Pass pass) {
  constexpr auto kWarmUp = std::chrono::milliseconds(60);
  struct alignas(128) Times {
    Clock::time_point start, end;
  };
  std::vector<Times> times(threads);
  std::atomic<int> arrived{0};
  double best = 1e30;
  auto meet = [&](int meeting) {
    arrived.fetch_add(1);
    while (arrived.load(std::memory_order_acquire) < threads * meeting) {
    }
  };
  auto work = [&](int thread) {
    pin(thread);
    const Clock::time_point begin = Clock::now();
    while (Clock::now() - begin < kWarmUp) pass(thread);
    for (int i = 0; i < passes; ++i) {
      meet(2 * i + 1);
      times[thread].start = Clock::now();
      pass(thread);
      times[thread].end = Clock::now();
      meet(2 * i + 2);
      if (thread > 0) continue;
      Times all = times[0];
      for (const Times& one : times) all = {std::min(all.start, one.start), std::max(all.end, one.end)};
      best = std::min(best, std::chrono::duration<double>(all.end - all.start).count());
    }
  };
  // The calling thread only waits: it keeps the cores that it had.
  std::vector<std::thread> workers;
  for (int thread = 0; thread < threads; ++thread) workers.emplace_back(work, thread);
  for (std::thread& worker : workers) worker.join();
  return best;
}

struct Array {
  explicit Array(std::size_t elements) {
    constexpr std::size_t kHugePage = std::size_t{1} << 21;
    const std::size_t bytes = (elements * sizeof(double) + kHugePage - 1) / kHugePage * kHugePage;
    data = static_cast<double*>(std::aligned_alloc(kHugePage, bytes));
#if defined(__linux__)
    madvise(data, bytes, MADV_HUGEPAGE);
#endif
    std::fill(data, data + bytes / sizeof(double), 1.0);
  }
  ~Array() { std::free(data); }
  Array(const Array&) = delete;
  double* data;
};

}  // namespace

extern "C" {

// Seconds for one pass over arrays of `elements` doubles on that many threads: 0 adds two into a third, 1 copies one into
// another, 2 reads two.
double memory_pass(int kind, std::size_t elements, int threads, int passes) {
  Array a(elements), b(elements), c(kind == 2 ? 1 : elements);
  std::vector<double> sums(threads * kLanes);
  return fastest(threads, passes, [&](int thread) {
    const std::size_t vectors = elements / kLanes / 4 * 4;
    const std::size_t begin = vectors * thread / threads / 4 * 4 * kLanes;
    const std::size_t end = vectors * (thread + 1) / threads / 4 * 4 * kLanes;
    Vector sum[4] = {};
    for (std::size_t i = begin; i < end; i += 4 * kLanes) {
      for (std::size_t j = 0; j < 4; ++j) {
        const std::size_t at = i + j * kLanes;
        if (kind == 0) {
          stream(c.data + at, load(a.data + at) + load(b.data + at));
        } else if (kind == 1) {
          stream(c.data + at, load(a.data + at));
        } else {
          sum[j] += load(a.data + at) + load(b.data + at);
        }
      }
    }
#if defined(__x86_64__)
    _mm_sfence();
#endif
    const Vector total = sum[0] + sum[1] + sum[2] + sum[3];
    std::memcpy(&sums[thread * kLanes], &total, sizeof(total));
  });
}

// Floating-point operations per second on that many threads, a fused multiply-add being two. 12 independent chains
// hide the latency of four cycles in two units, and fit into 16 registers with the two factors. The compiler may not
// reorder what it does not know, so that nothing need hide the factors from it.
double peak_fma(int threads, int passes) {
  constexpr int kChains = 12;
  constexpr int kSteps = 1 << 17;
  std::vector<double> results(threads * kLanes);
  const double seconds = fastest(threads, passes, [&](int thread) {
    // With these factors the sums stay near 1.
    const Vector x = Vector{} + (0.999 + thread * 1e-9);
    const Vector y = Vector{} + 1e-3;
    Vector chain[kChains];
    for (int i = 0; i < kChains; ++i) chain[i] = Vector{} + i;
    for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
      for (int i = 0; i < kChains; ++i) chain[i] = chain[i] * x + y;
    }
    Vector total = chain[0];
    for (int i = 1; i < kChains; ++i) total += chain[i] * (i + 1.0);
    std::memcpy(&results[thread * kLanes], &total, sizeof(total));
  });
  return 2.0 * kLanes * kChains * kSteps * threads / seconds;
}
}
