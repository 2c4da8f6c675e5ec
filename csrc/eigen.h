// Eigenvalues of small real matrices: reduction to Hessenberg form by reflectors, then QR steps with two shifts
// (Francis), as in LAPACK's dlahqr, on the active block alone: no vectors and no triangular form are asked for.
// Rows lie one after the other, so that reflectors from the left are runs of vectors.
#pragma once
#include <cstddef>

#include "loops.h"
#include "vector.h"

extern "C" {
// Eigenvalues of the n × n matrix `a`, rows `stride` numbers apart, a multiple of 8, zeros in columns n..stride, and
// magnitudes whose squares neither overflow nor vanish. `a` is overwritten; `work` holds 2 * stride numbers. The
// conjugates of a pair follow one another, the positive imaginary component first. 0 where the iteration gives up.
typedef uint32_t (*CorepyEigenvalues)(double* a, size_t n, size_t stride, double* work, double* re, double* im);
}

COREPY_BEGIN

struct Eigenvalues {
  using V = Vector<double>;
  static constexpr size_t width = kRegister / sizeof(double);
  static constexpr double eps = 2.220446049250313e-16, smallest = 2.2250738585072014e-308;

  static COREPY_INLINE double magnitude(double x) { return __builtin_fabs(x); }
  static COREPY_INLINE double larger(double x, double y) { return x > y ? x : y; }
  static COREPY_INLINE double smaller(double x, double y) { return x < y ? x : y; }

  // The reflector 1 - tau (1, rest) (1, rest)ᵀ that turns (alpha, rest), of which `norm2` is the rest's sum of squares,
  // into (beta, 0): returns tau, and what rest is divided by. alpha becomes beta.
  static COREPY_INLINE double reflector(double& alpha, double norm2, double& divisor) {
    divisor = 1;
    if (norm2 == 0) return 0;
    const double length = __builtin_sqrt(alpha * alpha + norm2);
    const double beta = alpha < 0 ? length : -length;
    const double tau = (beta - alpha) / beta;
    divisor = alpha - beta;
    alpha = beta;
    return tau;
  }

  static void hessenberg(double* a, size_t n, size_t stride, double* work) {
    double* v = work;
    double* sums = work + stride;
    for (size_t k = 0; k + 2 < n; ++k) {
      double norm2 = 0;
      for (size_t i = k + 2; i < n; ++i) norm2 += a[i * stride + k] * a[i * stride + k];
      double alpha = a[(k + 1) * stride + k], divisor;
      const double tau = reflector(alpha, norm2, divisor);
      if (tau == 0) continue;
      for (size_t j = 0; j < stride; ++j) v[j] = 0;
      v[k + 1] = 1;
      for (size_t i = k + 2; i < n; ++i) v[i] = a[i * stride + k] / divisor;
      const size_t begin = (k + 1) / width * width;
      // From the left: rows k + 1 and below.
      for (size_t j = begin; j < n; j += width) {
        V sum{};
        for (size_t i = k + 1; i < n; ++i)
          sum = multiply_add<double>(broadcast(v[i]), load_vector(a + i * stride + j), sum);
        store_vector(sums + j, -tau * sum);
      }
      for (size_t i = k + 1; i < n; ++i) {
        const V factor = broadcast(v[i]);
        for (size_t j = begin; j < n; j += width) {
          double* at = a + i * stride + j;
          store_vector(at, multiply_add<double>(factor, load_vector(sums + j), load_vector(at)));
        }
      }
      a[(k + 1) * stride + k] = alpha;
      for (size_t i = k + 2; i < n; ++i) a[i * stride + k] = 0;
      // From the right: columns k + 1 and beyond of all rows.
      for (size_t i = 0; i < n; ++i) {
        double* row = a + i * stride;
        V sum{};
        for (size_t j = begin; j < n; j += width) {
          sum = multiply_add<double>(load_vector(row + j), load_vector(v + j), sum);
        }
        double total = 0;
        for (size_t lane = 0; lane < width; ++lane) total += sum[lane];
        const V factor = broadcast(-tau * total);
        for (size_t j = begin; j < n; j += width) {
          store_vector(row + j, multiply_add<double>(factor, load_vector(v + j), load_vector(row + j)));
        }
      }
    }
  }

  // Both eigenvalues of a block of two rows.
  static COREPY_INLINE void pair(double a, double b, double c, double d, double (&re)[2], double (&im)[2]) {
    im[0] = im[1] = 0;
    re[0] = a;
    re[1] = d;
    if (b == 0 || c == 0) return;
    const double p = 0.5 * (a - d);
    const double most = larger(magnitude(b), magnitude(c));
    const double least = smaller(magnitude(b), magnitude(c)) * ((b > 0) == (c > 0) ? 1 : -1);
    const double scale = larger(magnitude(p), most);
    const double z = p / scale * p + most / scale * least;
    const double root = __builtin_sqrt(scale) * __builtin_sqrt(magnitude(z));
    if (z >= 0) {
      const double far = p < 0 ? p - root : p + root;
      re[0] = d + far;
      re[1] = far == 0 ? d : d - most / far * least;
    } else {
      re[0] = re[1] = d + p;
      im[0] = root;
      im[1] = -root;
    }
  }

  // Whether h[k][k - 1] is as good as 0, by the test of Ahues and Tisseur, or as small as `least`.
  static COREPY_INLINE bool negligible(const double* a, size_t n, size_t stride, size_t k, double least) {
    const auto h = [=](size_t i, size_t j) COREPY_INLINE_LAMBDA { return a[i * stride + j]; };
    const double low = magnitude(h(k, k - 1));
    if (low <= least) return true;
    double sum = magnitude(h(k - 1, k - 1)) + magnitude(h(k, k));
    if (sum == 0) {
      if (k >= 2) sum += magnitude(h(k - 1, k - 2));
      if (k + 1 < n) sum += magnitude(h(k + 1, k));
    }
    if (low > eps * sum) return false;
    const double high = magnitude(h(k - 1, k)), own = magnitude(h(k, k));
    const double difference = magnitude(h(k - 1, k - 1) - h(k, k));
    const double ab = larger(low, high), ba = smaller(low, high);
    const double aa = larger(own, difference), bb = smaller(own, difference);
    const double s = aa + ab;
    return ba * (ab / s) <= larger(least, eps * (bb * (aa / s)));
  }

  // One step with two shifts on rows first..end.
  static COREPY_INLINE void step(double* a, size_t stride, size_t first, size_t end, const double (&re)[2],
                                 const double (&im)[2]) {
    const auto h = [=](size_t i, size_t j) COREPY_INLINE_LAMBDA -> double& { return a[i * stride + j]; };
    double v[3];
    size_t start = end - 3;
    // It begins where two subdiagonal elements in a row are small.
    for (;; --start) {
      const size_t m = start;
      const double low = h(m + 1, m);
      const double s = magnitude(h(m, m) - re[1]) + magnitude(im[1]) + magnitude(low);
      const double scaled = low / s;
      v[0] = scaled * h(m, m + 1) + (h(m, m) - re[0]) * ((h(m, m) - re[1]) / s) - im[0] * (im[1] / s);
      v[1] = scaled * (h(m, m) + h(m + 1, m + 1) - re[0] - re[1]);
      v[2] = scaled * h(m + 2, m + 1);
      const double sum = magnitude(v[0]) + magnitude(v[1]) + magnitude(v[2]);
      if (sum > 0) {
        for (double& x : v) x /= sum;
      }
      if (m == first) break;
      const double around = magnitude(h(m - 1, m - 1)) + magnitude(h(m, m)) + magnitude(h(m + 1, m + 1));
      if (magnitude(h(m, m - 1)) * (magnitude(v[1]) + magnitude(v[2])) <= eps * magnitude(v[0]) * around) break;
    }
    for (size_t k = start; k + 1 < end; ++k) {
      const bool three = k + 2 < end;
      if (k > start) {
        v[0] = h(k, k - 1);
        v[1] = h(k + 1, k - 1);
        v[2] = three ? h(k + 2, k - 1) : 0;
      }
      // Their squares may vanish, in the course of which they become small.
      double alpha = v[0], norm2 = v[1] * v[1] + v[2] * v[2], divisor, scale = 1;
      if (__builtin_expect(!(norm2 + alpha * alpha > 1e-280), 0)) {
        scale = larger(magnitude(v[0]), larger(magnitude(v[1]), magnitude(v[2])));
        if (scale == 0) continue;
        for (double& x : v) x /= scale;
        alpha = v[0];
        norm2 = v[1] * v[1] + v[2] * v[2];
      }
      const double tau = reflector(alpha, norm2, divisor);
      if (k > start) {
        h(k, k - 1) = alpha * scale;
        h(k + 1, k - 1) = 0;
        if (three) h(k + 2, k - 1) = 0;
      } else if (start > first) {
        h(k, k - 1) *= 1 - tau;
      }
      if (tau == 0) continue;
      const double v1 = v[1] / divisor, v2 = v[2] / divisor;
      const double t0 = tau, t1 = tau * v1, t2 = tau * v2;
      // From the left. Columns before k are 0 in these rows, and those past the block count for nothing any more.
      double* row0 = a + k * stride;
      double* row1 = row0 + stride;
      double* row2 = three ? row1 + stride : row1;
      const V w1 = broadcast(v1), w2 = broadcast(three ? v2 : 0.0);
      const V s0 = broadcast(-t0), s1 = broadcast(-t1), s2 = broadcast(-t2);
      const double kept0 = k > first ? row0[k - 1] : 0;
      for (size_t j = k / width * width; j < end; j += width) {
        const V x0 = load_vector(row0 + j), x1 = load_vector(row1 + j), x2 = load_vector(row2 + j);
        const V sum = multiply_add<double>(w2, x2, multiply_add<double>(w1, x1, x0));
        store_vector(row0 + j, multiply_add<double>(s0, sum, x0));
        if (three) store_vector(row2 + j, multiply_add<double>(s2, sum, x2));
        store_vector(row1 + j, multiply_add<double>(s1, sum, x1));
      }
      if (k > first) row0[k - 1] = kept0;
      if (k > first) row1[k - 1] = 0;
      if (k > first && three) row2[k - 1] = 0;
      // From the right.
      const size_t rows = k + 4 < end ? k + 4 : end;
      if (three) {
        for (size_t i = first; i < rows; ++i) {
          double* x = a + i * stride + k;
          const double sum = x[0] + v1 * x[1] + v2 * x[2];
          x[0] -= sum * t0;
          x[1] -= sum * t1;
          x[2] -= sum * t2;
        }
      } else {
        for (size_t i = first; i < rows; ++i) {
          double* x = a + i * stride + k;
          const double sum = x[0] + v1 * x[1];
          x[0] -= sum * t0;
          x[1] -= sum * t1;
        }
      }
    }
  }

  static uint32_t run(double* a, size_t n, size_t stride, double* work, double* re, double* im) {
    const auto h = [=](size_t i, size_t j) COREPY_INLINE_LAMBDA { return a[i * stride + j]; };
    hessenberg(a, n, stride, work);
    const size_t most = 30 * (n > 10 ? n : 10);
    double norm = 0;
    for (size_t i = 0; i < n * stride; ++i) norm = larger(norm, magnitude(a[i]));
    size_t end = n, tries = 0;
    while (end > 0) {
      // Between diagonal elements that are 0 but for rounding nothing is relatively small: what is small beside the whole
      // matrix is then taken for 0.
      const double least = tries < 10 ? smallest * (static_cast<double>(n) / eps) : eps * norm;
      size_t first = end - 1;
      while (first > 0 && !negligible(a, n, stride, first, least)) --first;
      if (first > 0) a[first * stride + first - 1] = 0;
      if (first + 1 == end) {
        re[first] = h(first, first);
        im[first] = 0;
        end = first;
        tries = 0;
        continue;
      }
      double x[2], y[2];
      const size_t last = end - 1;
      if (first + 2 == end) {
        pair(h(first, first), h(first, last), h(last, first), h(last, last), x, y);
        for (size_t i = 0; i < 2; ++i) {
          re[first + i] = x[i];
          im[first + i] = y[i];
        }
        end = first;
        tries = 0;
        continue;
      }
      if (++tries > most) return 0;
      if (tries % 20 == 10 || tries % 20 == 0) {
        // Shifts out of the ordinary, where the iteration goes round in circles.
        const bool low = tries % 20 == 10;
        const double s = low ? magnitude(h(last, last - 1)) + magnitude(h(last - 1, last - 2))
                             : magnitude(h(first + 1, first)) + magnitude(h(first + 2, first + 1));
        const double diagonal = 0.75 * s + (low ? h(last, last) : h(first, first));
        pair(diagonal, -0.4375 * s, s, diagonal, x, y);
      } else {
        pair(h(last - 1, last - 1), h(last - 1, last), h(last, last - 1), h(last, last), x, y);
        if (y[0] == 0) {
          // Of two real ones, the nearer to the corner twice.
          const double corner = h(last, last);
          x[0] = x[1] = magnitude(x[0] - corner) <= magnitude(x[1] - corner) ? x[0] : x[1];
        }
      }
      step(a, stride, first, end, x, y);
    }
    return 1;
  }
};

COREPY_END
