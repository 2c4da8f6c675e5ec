//! Determinants.

use corepy_core::{Result, Tensor};

use super::element::{Component, Element, with_element};
use super::solve::{LEAST, lu_scratch, lu_work, with_lu};
use super::stack::{self, Results, Stack, for_each_matrix};

/// A determinant: `mantissa * 2^exponent`, which does not overflow on the way.
#[derive(Clone, Copy)]
struct Determinant {
    mantissa: [f64; 2],
    exponent: i64,
}

impl Determinant {
    const ONE: Determinant = Determinant { mantissa: [1.0, 0.0], exponent: 0 };

    /// Multiplies by a pivot.
    fn multiply(&mut self, pivot: [f64; 2]) {
        let (pivot, first) = normalized(pivot);
        let [a, b] = self.mantissa;
        let [c, d] = pivot;
        let product = [a * c - b * d, a * d + b * c];
        let (mantissa, second) = normalized(product);
        self.mantissa = mantissa;
        self.exponent += first + second;
    }

    /// Its magnitude's logarithm.
    fn log(self) -> f64 {
        let [re, im] = self.mantissa;
        re.hypot(im).ln() + self.exponent as f64 * std::f64::consts::LN_2
    }

    /// A number of magnitude 1, or 0 or NaN.
    fn sign(self) -> [f64; 2] {
        let [re, im] = self.mantissa;
        let length = re.hypot(im);
        if length == 0.0 { [0.0; 2] } else { [re / length, im / length] }
    }

    fn value(self) -> [f64; 2] {
        // In three steps, since a power of two may overflow where the product does not.
        self.mantissa.map(|part| {
            let exponent = self.exponent.clamp(-3200, 3200) as i32;
            let step = exponent / 3;
            part * f64::from(step).exp2() * f64::from(step).exp2() * f64::from(exponent - 2 * step).exp2()
        })
    }
}

/// `parts` divided by a power of two so that the larger lies in 1..2, and its exponent.
fn normalized(parts: [f64; 2]) -> ([f64; 2], i64) {
    let largest = parts[0].abs().max(parts[1].abs());
    if largest == 0.0 || !largest.is_finite() {
        return (parts, 0);
    }
    // Subnormal numbers are made normal first.
    let (largest, lift) = if largest < f64::MIN_POSITIVE { (largest * 2.0_f64.powi(64), 64) } else { (largest, 0) };
    let exponent = (largest.to_bits() >> 52) as i64 - 1023;
    let factor = |power: i64| (power as f64).exp2();
    let half = exponent / 2;
    (parts.map(|part| part * factor(lift) * factor(-half) * factor(half - exponent)), exponent - lift)
}

/// The determinant of each matrix.
pub fn det(x: &Tensor) -> Result<Tensor> {
    let op = "det";
    stack::check_square(op, x)?;
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let out = stack.result(op, &[], stack.dtype())?;
    with_element!(stack.dtype(), T => {
        let results = Results::<T>::new(&out, 1);
        for_each_determinant::<T>(op, &stack, &|index, determinant| {
            // SAFETY: each index once, of a tensor that outlives this.
            let target = unsafe { results.of(index) };
            target[0] = T::nearest(determinant.value());
        })
    })?;
    Ok(out)
}

/// The sign of each matrix's determinant and the logarithm of its magnitude.
pub fn slogdet(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let op = "slogdet";
    stack::check_square(op, x)?;
    let stack = Stack::new(op, x, stack::floating(x.dtype()))?;
    let sign = stack.result(op, &[], stack.dtype())?;
    let log = stack.result(op, &[], stack.dtype().real())?;
    with_element!(stack.dtype(), T => {
        let (signs, logs) = (Results::<T>::new(&sign, 1), Results::<<T as Element>::Component>::new(&log, 1));
        for_each_determinant::<T>(op, &stack, &|index, determinant| {
            // SAFETY: each index once, of tensors that outlive this.
            unsafe {
                signs.of(index)[0] = T::nearest(determinant.sign());
                logs.of(index)[0] = Component::rounded(determinant.log());
            }
        })
    })?;
    Ok((sign, log))
}

fn for_each_determinant<T: Element>(
    op: &'static str,
    stack: &Stack,
    take: &(dyn Fn(usize, Determinant) + Sync),
) -> Result<()> {
    let n = stack.rows;
    let par = stack::parts(n, LEAST);
    for_each_matrix(op, stack.count, lu_work::<T>(n), par, &|par| lu_scratch::<T>(n, par), &|index, memory, par| {
        let elements = stack.matrix::<T>(index);
        let determinant = with_lu(elements, n, par, memory, |lu, _| {
            if lu.zero.is_some() {
                let value = if lu.finite { 0.0 } else { f64::NAN };
                return Determinant { mantissa: [value; 2], exponent: 0 };
            }
            let mut determinant = Determinant::ONE;
            determinant.exponent -= i64::from(lu.exponent) * n as i64;
            for i in 0..n {
                determinant.multiply(lu.factors[(i, i)].parts());
            }
            if lu.interchanges % 2 == 1 {
                determinant.mantissa = determinant.mantissa.map(|part| -part);
            }
            determinant
        });
        take(index, determinant);
        Ok(())
    })
}
