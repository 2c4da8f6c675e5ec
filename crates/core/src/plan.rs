//! The plan of one operation: N operands walk one merged iteration space.
//!
//! Axes are ordered by stride (outermost first) and adjacent axes are merged wherever every
//! operand walks them as one, so that most operations become one- or two-dimensional.

use smallvec::SmallVec;

use crate::shape::Strides;

/// The iteration of one operation over all its operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Sizes, outermost first; never empty, and no size is 1 unless it is the only one.
    pub shape: SmallVec<[usize; 4]>,
    /// Per operand the strides in bytes, outermost first.
    pub strides: SmallVec<[Strides; 4]>,
}

impl Plan {
    /// Number of rows: the product of all sizes but the innermost.
    pub fn rows(&self) -> usize {
        self.shape[..self.shape.len() - 1].iter().product()
    }
}

/// The order, outermost first, in which `operands` (strides per axis of `shape`) lie in memory.
///
/// An axis moves inwards past another only where no operand objects, as in NumPy's iterator; where
/// operands disagree the C order stands.
pub fn memory_order(shape: &[usize], operands: &[&[isize]]) -> SmallVec<[usize; 4]> {
    let mut order: SmallVec<[usize; 4]> = (0..shape.len()).collect();
    for end in 1..order.len() {
        let mut place = end;
        // Insertion sort: it is stable, and rank is small.
        while place > 0 && is_outside(shape, operands, order[place], order[place - 1]) {
            order.swap(place, place - 1);
            place -= 1;
        }
    }
    order
}

/// Whether some operand wants axis `a` outside axis `b` and none wants the opposite.
fn is_outside(shape: &[usize], operands: &[&[isize]], a: usize, b: usize) -> bool {
    if shape[a] == 1 || shape[b] == 1 {
        return false;
    }
    let mut wanted = false;
    for strides in operands {
        let (sa, sb) = (strides[a].unsigned_abs(), strides[b].unsigned_abs());
        if sa == 0 || sb == 0 {
            continue;
        }
        if sa < sb {
            return false;
        }
        wanted |= sa > sb;
    }
    wanted
}

/// Merges the axes of `shape`, taken in `order`, over all `operands`.
pub fn plan(shape: &[usize], order: &[usize], operands: &[&[isize]]) -> Plan {
    let mut merged = Plan { shape: SmallVec::new(), strides: operands.iter().map(|_| Strides::new()).collect() };
    for &axis in order {
        let size = shape[axis];
        if size == 1 {
            continue;
        }
        let fits = !merged.shape.is_empty()
            && merged
                .strides
                .iter()
                .zip(operands)
                .all(|(outer, inner)| *outer.last().expect("pushed with shape") == inner[axis] * size as isize);
        if fits {
            *merged.shape.last_mut().expect("not empty") *= size;
            for (outer, inner) in merged.strides.iter_mut().zip(operands) {
                *outer.last_mut().expect("not empty") = inner[axis];
            }
        } else {
            merged.shape.push(size);
            for (outer, inner) in merged.strides.iter_mut().zip(operands) {
                outer.push(inner[axis]);
            }
        }
    }
    if merged.shape.is_empty() {
        merged.shape.push(1);
        for strides in &mut merged.strides {
            strides.push(0);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguous_operands_merge_into_one_axis() {
        let c: &[isize] = &[96, 32, 8];
        let merged = plan(&[2, 3, 4], &[0, 1, 2], &[c, c]);
        assert_eq!(merged.shape.as_slice(), [24]);
        assert_eq!(merged.strides[0].as_slice(), [8]);
    }

    #[test]
    fn a_row_broadcast_keeps_two_axes() {
        let merged = plan(&[2, 3, 4], &[0, 1, 2], &[&[96, 32, 8], &[0, 0, 8]]);
        assert_eq!(merged.shape.as_slice(), [6, 4]);
        assert_eq!(merged.strides[1].as_slice(), [0, 8]);
    }

    #[test]
    fn a_scalar_merges_with_anything() {
        let merged = plan(&[2, 3], &[0, 1], &[&[24, 8], &[0, 0]]);
        assert_eq!(merged.shape.as_slice(), [6]);
        assert_eq!(merged.strides[1].as_slice(), [0]);
    }

    #[test]
    fn memory_order_is_the_operands_own_unless_they_disagree() {
        assert_eq!(memory_order(&[3, 4], &[&[8, 24], &[8, 24]]).as_slice(), [1, 0]);
        assert_eq!(memory_order(&[3, 4], &[&[8, 24], &[32, 8]]).as_slice(), [0, 1]);
        assert_eq!(memory_order(&[3, 4], &[&[8, 24], &[0, 0]]).as_slice(), [1, 0]);
        assert_eq!(memory_order(&[2, 3, 4], &[&[4, 8, 24]]).as_slice(), [2, 1, 0]);
    }

    #[test]
    fn rank_zero_and_size_one_have_one_element() {
        let merged = plan(&[], &[], &[&[], &[]]);
        assert_eq!((merged.shape.as_slice(), merged.rows()), (&[1usize][..], 1));
        assert_eq!(plan(&[1, 1], &[0, 1], &[&[8, 8]]).shape.as_slice(), [1]);
    }
}
