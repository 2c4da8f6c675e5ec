// What the machine can do at the most, measured by loops that do nothing else: bytes per second between memory and the
// cores, and floating-point operations per second. benchmarks/limits.py compiles this for the machine it runs on.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
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

// Runs `pass(thread)` on all threads, which meet before and after each pass; the fastest pass in seconds.
template <typename Pass>
double fastest(int threads, int passes, Pass pass) {
  std::atomic<int> arrived{0};
  double best = 1e30;
  auto meet = [&](int meeting) {
    arrived.fetch_add(1);
    while (arrived.load() < threads * meeting) {
    }
  };
  auto work = [&](int thread) {
    for (int i = 0; i < passes; ++i) {
      meet(2 * i + 1);
      const auto start = std::chrono::steady_clock::now();
      pass(thread);
      meet(2 * i + 2);
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      if (thread == 0) best = std::min(best, elapsed.count());
    }
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(work, thread);
  work(0);
  for (std::thread& other : others) other.join();
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
    for (std::size_t lane = 0; lane < kLanes; ++lane) sums[thread * kLanes + lane] = total[lane];
  });
}

// Floating-point operations per second on that many threads, a fused multiply-add being two. 12 independent chains
// hide the latency of four cycles in two units, and fit into 16 registers with the two factors.
double peak_fma(int threads, int passes) {
  constexpr int kChains = 12;
  constexpr int kSteps = 1 << 17;
  std::vector<double> results(threads * kLanes);
  const double seconds = fastest(threads, passes, [&](int thread) {
    Vector chain[kChains];
    for (int i = 0; i < kChains; ++i) chain[i] = Vector{} + i;
    Vector x = Vector{} + 0.999 + thread * 1e-9;
    const Vector y = Vector{} + 1e-3;
    for (int step = 0; step < kSteps; ++step) {
      for (int i = 0; i < kChains; ++i) chain[i] = chain[i] * x + y;
      // What the compiler knows nothing about, it cannot compute beforehand.
      asm volatile("" : "+m"(x));
    }
    Vector total = chain[0];
    for (int i = 1; i < kChains; ++i) total += chain[i] * (i + 1.0);
    for (std::size_t lane = 0; lane < kLanes; ++lane) results[thread * kLanes + lane] = total[lane];
  });
  return 2.0 * kLanes * kChains * kSteps * threads / seconds;
}
}
