//! The dtypes that decompositions run on.

use corepy_core::DType;
use faer::complex::Complex;
use faer::diag::DiagMut;
use faer::dyn_stack::{MemStack, StackReq};
use faer::linalg::evd::{self, ComputeEigenvectors, EvdError};
use faer::linalg::temp_mat_scratch;
use faer::traits::{ComplexField, RealField};
use faer::{MatMut, MatRef, Par};

use crate::ffi;

/// A component of a number: a real floating-point dtype.
pub(super) trait Component: RealField + Copy + Into<f64> {
    /// Numbers of magnitudes within `2^-SAFE..2^SAFE` have squares, and sums of many of them, that
    /// neither overflow nor vanish.
    const SAFE: i32;
    /// Powers of two up to this exponent, and their inverses, are normal numbers.
    const POWERS: i32;

    /// The nearest number.
    fn rounded(value: f64) -> Self;
}

impl Component for f32 {
    const SAFE: i32 = 48;
    const POWERS: i32 = 126;

    fn rounded(value: f64) -> f32 {
        value as f32
    }
}

impl Component for f64 {
    const SAFE: i32 = 450;
    const POWERS: i32 = 1022;

    fn rounded(value: f64) -> f64 {
        value
    }
}

/// A number of one of the four floating-point dtypes.
pub(super) trait Element: ComplexField<Real = Self::Component> + Copy {
    /// Its components.
    type Component: Component;
    /// The dtype.
    const DTYPE: DType;

    /// The real and the imaginary component.
    fn parts(self) -> [f64; 2];
    /// The nearest number; of real numbers without the imaginary component.
    fn nearest(parts: [f64; 2]) -> Self;
    /// The complex conjugate.
    fn conjugate(self) -> Self;
    /// The product with a real number.
    fn times(self, factor: Self::Component) -> Self;

    /// Memory for [`Element::eigen`], besides what it is given.
    fn eigen_scratch(n: usize, vectors: bool) -> StackReq;
    /// Eigenvalues of `a`, and eigenvectors in columns of length 1.
    fn eigen(
        a: MatRef<'_, Self>,
        values: &mut [Complex<Self::Component>],
        vectors: Option<MatMut<'_, Complex<Self::Component>>>,
        stack: &mut MemStack,
    ) -> Result<(), EvdError>;
}

/// The most rows of a real matrix whose eigenvalues alone are the kernel's of `csrc/eigen.h`: 32 × 32 take 62 µs on a Zen 4,
/// and 160 µs with faer, which cuts larger ones in blocks.
const SMALL: usize = 64;

/// Numbers from row to row of a small matrix: whole vectors on every machine.
fn small_stride(n: usize) -> usize {
    n.next_multiple_of(8)
}

fn small_scratch(n: usize) -> StackReq {
    StackReq::new::<f64>((n + 2) * small_stride(n) + 2 * n)
}

/// The eigenvalues of a small real matrix, computed in float64; false where they are not found.
fn small_eigenvalues<R: Component>(a: MatRef<'_, R>, values: &mut [Complex<R>], stack: &mut MemStack) -> bool {
    let n = a.nrows();
    let stride = small_stride(n);
    let (mut memory, _) = stack.make_with((n + 2) * stride + 2 * n, |_| 0.0_f64);
    let (rows, rest) = memory.split_at_mut(n * stride);
    for (i, row) in rows.chunks_exact_mut(stride).enumerate() {
        for (j, number) in row[..n].iter_mut().enumerate() {
            *number = a[(i, j)].into();
        }
    }
    let (work, rest) = rest.split_at_mut(2 * stride);
    let (re, im) = rest.split_at_mut(n);
    let kernel = ffi::eigenvalues();
    // SAFETY: the matrix has `n` rows of `stride` numbers, and all else the length that the kernel's header names.
    let found = unsafe { kernel(rows.as_mut_ptr(), n, stride, work.as_mut_ptr(), re.as_mut_ptr(), im.as_mut_ptr()) };
    for ((value, re), im) in values.iter_mut().zip(re).zip(im) {
        *value = Complex::new(R::rounded(*re), R::rounded(*im));
    }
    found != 0
}

fn wanted(vectors: bool) -> ComputeEigenvectors {
    if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No }
}

macro_rules! real {
    ($type:ty, $dtype:ident, $complex:ident) => {
        impl Element for $type {
            type Component = $type;
            const DTYPE: DType = DType::$dtype;

            #[inline]
            fn parts(self) -> [f64; 2] {
                [self.into(), 0.0]
            }
            #[inline]
            fn nearest(parts: [f64; 2]) -> Self {
                <$type as Component>::rounded(parts[0])
            }
            #[inline]
            fn conjugate(self) -> Self {
                self
            }
            #[inline]
            fn times(self, factor: $type) -> Self {
                self * factor
            }

            fn eigen_scratch(n: usize, vectors: bool) -> StackReq {
                if !vectors && n <= SMALL {
                    return small_scratch(n);
                }
                let decomposition = evd::evd_scratch::<$type>(
                    n,
                    ComputeEigenvectors::No,
                    wanted(vectors),
                    Par::Seq,
                    Default::default(),
                );
                let matrix = temp_mat_scratch::<$type>(n, if vectors { n } else { 0 });
                StackReq::all_of(&[matrix, temp_mat_scratch::<$type>(n, 2), decomposition])
            }

            fn eigen(
                a: MatRef<'_, $type>,
                values: &mut [Complex<$type>],
                vectors: Option<MatMut<'_, Complex<$type>>>,
                stack: &mut MemStack,
            ) -> Result<(), EvdError> {
                let n = a.nrows();
                if vectors.is_none() && n <= SMALL {
                    return if small_eigenvalues(a, values, stack) { Ok(()) } else { Err(EvdError::NoConvergence) };
                }
                // What does not converge is left as it was.
                let (mut re, stack) = stack.make_with(n, |_| <$type>::NAN);
                let (mut im, stack) = stack.make_with(n, |_| <$type>::NAN);
                if let Some(vectors) = vectors {
                    super::stack::with_matrix::<$type, _>(n, n, stack, |mut real, stack| {
                        let (right, params) = (Some(real.as_mut()), Default::default());
                        let (s_re, s_im) = (DiagMut::from_slice_mut(&mut re), DiagMut::from_slice_mut(&mut im));
                        evd::evd_real(a, s_re, s_im, None, right, Par::Seq, stack, params)?;
                        complex_vectors(real.as_ref(), &im, vectors);
                        Ok(())
                    })?;
                } else {
                    let (s_re, s_im) = (DiagMut::from_slice_mut(&mut re), DiagMut::from_slice_mut(&mut im));
                    evd::evd_real(a, s_re, s_im, None, None, Par::Seq, stack, Default::default())?;
                }
                let mut j = 0;
                while j < n {
                    values[j] = Complex::new(re[j], im[j]);
                    // The second of a pair is the first's conjugate, to the last bit.
                    if im[j] != 0.0 && !im[j].is_nan() && j + 1 < n {
                        values[j + 1] = Complex::new(re[j], -im[j]);
                        j += 1;
                    }
                    j += 1;
                }
                Ok(())
            }
        }

        impl Element for Complex<$type> {
            type Component = $type;
            const DTYPE: DType = DType::$complex;

            #[inline]
            fn parts(self) -> [f64; 2] {
                [self.re.into(), self.im.into()]
            }
            #[inline]
            fn nearest(parts: [f64; 2]) -> Self {
                Complex::new(<$type as Component>::rounded(parts[0]), <$type as Component>::rounded(parts[1]))
            }
            #[inline]
            fn conjugate(self) -> Self {
                self.conj()
            }
            #[inline]
            fn times(self, factor: $type) -> Self {
                Complex::new(self.re * factor, self.im * factor)
            }

            fn eigen_scratch(n: usize, vectors: bool) -> StackReq {
                evd::evd_scratch::<Self>(n, ComputeEigenvectors::No, wanted(vectors), Par::Seq, Default::default())
            }

            fn eigen(
                a: MatRef<'_, Self>,
                values: &mut [Self],
                vectors: Option<MatMut<'_, Self>>,
                stack: &mut MemStack,
            ) -> Result<(), EvdError> {
                values.fill(Complex::new(<$type>::NAN, <$type>::NAN));
                let mut vectors = vectors;
                let (diagonal, params) = (DiagMut::from_slice_mut(values), Default::default());
                let right = vectors.as_mut().map(|vectors| vectors.as_mut());
                evd::evd_cplx(a, diagonal, None, right, Par::Seq, stack, params)?;
                if let Some(vectors) = vectors {
                    normalize(vectors);
                }
                Ok(())
            }
        }
    };
}

real!(f32, Float32, Complex64);
real!(f64, Float64, Complex128);

/// Two real columns u, v, where the eigenvalue has an imaginary component, are the eigenvectors u + iv
/// and u - iv.
fn complex_vectors<R: Component>(real: MatRef<'_, R>, im: &[R], vectors: MatMut<'_, Complex<R>>)
where
    Complex<R>: Element<Component = R>,
{
    let (n, mut vectors) = (im.len(), vectors);
    let mut j = 0;
    while j < n {
        let pair = im[j].into() != 0.0 && j + 1 < n;
        for i in 0..n {
            let second = if pair { real[(i, j + 1)].into() } else { 0.0 };
            vectors[(i, j)] = Element::nearest([real[(i, j)].into(), second]);
            if pair {
                vectors[(i, j + 1)] = Element::nearest([real[(i, j)].into(), -second]);
            }
        }
        j += if pair { 2 } else { 1 };
    }
    normalize(vectors);
}

/// Divides each column by its length.
fn normalize<T: Element>(vectors: MatMut<'_, T>) {
    let mut vectors = vectors;
    for j in 0..vectors.ncols() {
        let mut largest = 0.0_f64;
        for i in 0..vectors.nrows() {
            let [re, im] = vectors[(i, j)].parts();
            largest = largest.max(re.abs()).max(im.abs());
        }
        // A power of two, so that squares of extreme numbers neither overflow nor vanish.
        let scale = if largest > 0.0 { (-largest.log2().floor().clamp(-1000.0, 1000.0)).exp2() } else { 1.0 };
        let mut sum = 0.0;
        for i in 0..vectors.nrows() {
            let [re, im] = vectors[(i, j)].parts();
            sum += (re * scale) * (re * scale) + (im * scale) * (im * scale);
        }
        let length = sum.sqrt();
        if length > 0.0 {
            for i in 0..vectors.nrows() {
                let [re, im] = vectors[(i, j)].parts();
                vectors[(i, j)] = T::nearest([re * scale / length, im * scale / length]);
            }
        }
    }
}

/// Evaluates an expression with a name for the type of a floating-point dtype.
macro_rules! with_element {
    ($dtype:expr, $name:ident => $body:expr) => {
        match $dtype {
            corepy_core::DType::Float32 => {
                type $name = f32;
                $body
            }
            corepy_core::DType::Complex64 => {
                type $name = faer::complex::Complex<f32>;
                $body
            }
            corepy_core::DType::Complex128 => {
                type $name = faer::complex::Complex<f64>;
                $body
            }
            _ => {
                type $name = f64;
                $body
            }
        }
    };
}
pub(super) use with_element;
