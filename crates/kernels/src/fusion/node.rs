//! A pending result, and a value that may be one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use corepy_core::late::LateReader;
use corepy_core::lock::{Guard, Lock};
use corepy_core::shape::{Shape, Strides};
use corepy_core::{DType, Op, Reduction, Result, Tensor};
use smallvec::SmallVec;

use super::evaluate;
use crate::elementwise::Scalar;

/// What a node computes of its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// A row of the registry, computed in this dtype.
    Apply(Op, DType),
    /// A cast to the node's dtype.
    Cast,
    /// `where`: the second operand where the first holds, else the third.
    Select,
    /// The reduction of the operand's rows: along the last axis, which stays with size 1.
    Reduce(Reduction),
}

impl Action {
    /// The public name of the function.
    pub(super) fn name(self) -> &'static str {
        match self {
            Action::Apply(op, _) => op.name(),
            Action::Cast => "astype",
            Action::Select => "where",
            Action::Reduce(reduction) => reduction.name(),
        }
    }
}

/// An operand of a node.
pub(super) enum Source {
    /// A tensor that broadcasts to the node's shape.
    Tensor(Tensor),
    /// A number.
    Scalar(Scalar),
    /// A pending result of the node's own shape.
    Node(Arc<Node>),
}

impl Source {
    /// The tensor, if it is in memory.
    pub(super) fn tensor(&self) -> Option<&Tensor> {
        match self {
            Source::Tensor(tensor) => Some(tensor),
            Source::Scalar(_) => None,
            Source::Node(node) => node.result(),
        }
    }
}

/// How a node's values come about.
pub(super) struct Definition {
    pub(super) action: Action,
    pub(super) operands: SmallVec<[Source; 3]>,
    pub(super) extent: Extent,
}

/// Bounds of what evaluating a node takes, what operands still need included.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    pub(super) operations: usize,
    /// Tensors and numbers.
    pub(super) inputs: usize,
    /// Of the tensors' storages.
    pub(super) bytes: usize,
}

/// What changes when a node is evaluated.
pub(super) struct State {
    /// None once the node is evaluated.
    pub(super) definition: Option<Definition>,
    /// Pending nodes that have this one as operand: late readers of its tensor when there is one.
    pub(super) consumers: Vec<Weak<Node>>,
}

/// A result of an element-wise operation that is computed when it is needed.
pub struct Node {
    /// Operands have smaller numbers.
    pub(super) serial: u64,
    pub(super) dtype: DType,
    pub(super) size: usize,
    pub(super) shape: Shape,
    /// Without gaps, in the order in which eager evaluation would lay the axes out.
    pub(super) strides: Strides,
    /// Whether the node reduces rows.
    pub(super) is_reduction: bool,
    pub(super) state: Lock<State>,
    pub(super) result: OnceLock<Tensor>,
}

impl Node {
    pub(super) fn new(dtype: DType, size: usize, shape: Shape, strides: Strides, definition: Definition) -> Arc<Node> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let is_reduction = matches!(definition.action, Action::Reduce(_));
        let state = Lock::new(State { definition: Some(definition), consumers: Vec::new() });
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        Arc::new(Node { serial, dtype, size, shape, strides, is_reduction, state, result: OnceLock::new() })
    }

    /// Whether the elements lie in C order.
    pub(super) fn is_in_c_order(&self) -> bool {
        let mut step = self.dtype.itemsize() as isize;
        self.shape.iter().zip(&self.strides).rev().all(|(&size, &stride)| {
            let is_next = size == 1 || stride == step;
            step *= size as isize;
            is_next
        })
    }

    pub(super) fn lock(&self) -> Guard<'_, State> {
        self.state.lock()
    }

    /// The state, unless somebody evaluates the node now.
    pub(super) fn try_lock(&self) -> Option<Guard<'_, State>> {
        self.state.try_lock()
    }

    /// The tensor, if the node is evaluated.
    #[inline]
    pub fn result(&self) -> Option<&Tensor> {
        self.result.get()
    }

    /// The tensor; evaluates the expression where that has not happened. If it fails, the node stays
    /// as it was.
    pub fn evaluate(self: &Arc<Node>) -> Result<&Tensor> {
        if self.result.get().is_none() {
            evaluate::evaluate(self)?;
        }
        Ok(self.result.get().expect("evaluated"))
    }
}

impl LateReader for Node {
    /// Evaluates the pending results that need the node, which compute it on the way; the node itself where
    /// somebody holds it after that.
    fn settle(mut self: Arc<Self>) -> Result<()> {
        while !self.is_settled() {
            let consumer = self.try_lock().and_then(|state| {
                let mut newest_first = state.consumers.iter().rev().filter_map(Weak::upgrade);
                newest_first.find(|consumer| !consumer.is_settled())
            });
            let Some(consumer) = consumer else { break };
            // Held here, it would be written to memory.
            let own = Arc::downgrade(&self);
            drop(self);
            consumer.settle()?;
            match own.upgrade() {
                Some(node) => self = node,
                None => return Ok(()),
            }
        }
        if Arc::strong_count(&self) > 1 { self.evaluate().map(|_| ()) } else { Ok(()) }
    }
    fn is_settled(&self) -> bool {
        self.result.get().is_some()
    }
}

/// A tensor, or one that is still to be computed.
pub enum Value {
    /// In memory.
    Tensor(Tensor),
    /// Deferred.
    Pending(Arc<Node>),
}

impl Value {
    /// The tensor, if it is in memory.
    #[inline]
    pub fn tensor(&self) -> Option<&Tensor> {
        match self {
            Value::Tensor(tensor) => Some(tensor),
            Value::Pending(node) => node.result(),
        }
    }
    /// The node, if it is still to be computed.
    #[inline]
    pub fn pending(&self) -> Option<&Arc<Node>> {
        match self {
            Value::Pending(node) if node.result().is_none() => Some(node),
            _ => None,
        }
    }
    /// Data type.
    #[inline]
    pub fn dtype(&self) -> DType {
        match self {
            Value::Tensor(tensor) => tensor.dtype(),
            Value::Pending(node) => node.dtype,
        }
    }
    /// Sizes, one per dimension.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        match self {
            Value::Tensor(tensor) => tensor.shape(),
            Value::Pending(node) => &node.shape,
        }
    }
    /// Strides in bytes, one per dimension.
    #[inline]
    pub fn strides(&self) -> &[isize] {
        match self {
            Value::Tensor(tensor) => tensor.strides(),
            Value::Pending(node) => &node.strides,
        }
    }
    /// Number of elements.
    #[inline]
    pub fn size(&self) -> usize {
        match self {
            Value::Tensor(tensor) => tensor.size(),
            Value::Pending(node) => node.size,
        }
    }
    /// Number of dimensions.
    #[inline]
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }
}
