//! The nodes that an expression depends on, locked against other threads.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use corepy_core::lock::Guard;
use corepy_core::{Error, Result};

use super::node::{Definition, Node, Source, State};

thread_local! {
    /// The numbers of the nodes that this thread has locked.
    static LOCKED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// A pending node that nobody else can evaluate or take as operand.
pub(super) struct Locked {
    /// Before the node, which owns the lock.
    state: Guard<'static, State>,
    pub(super) node: Arc<Node>,
}

impl Locked {
    /// None if the node was evaluated meanwhile.
    ///
    /// While this thread computes, signal handlers may run on it, and need a node themselves. It cannot
    /// wait then: not for itself, and not for others, which may be waiting for it.
    fn new(node: Arc<Node>, is_nested: bool) -> Result<Option<Locked>> {
        // A handler's fork finds its own lock free.
        let is_own = is_nested && LOCKED.with_borrow(|locked| locked.contains(&node.serial));
        let guard = match is_nested {
            true if is_own => None,
            true => node.try_lock(),
            false => Some(node.lock()),
        };
        let guard = guard.ok_or(Error::Reentrant { op: "evaluate" })?;
        // SAFETY: only the lifetime changes; the guard is dropped before the node that it borrows,
        // whose address in the Arc does not change.
        let state = unsafe { mem::transmute::<Guard<'_, State>, Guard<'static, State>>(guard) };
        if state.definition.is_none() {
            drop(state);
            return Ok(None);
        }
        LOCKED.with_borrow_mut(|locked| locked.push(node.serial));
        Ok(Some(Locked { state, node }))
    }

    pub(super) fn definition(&self) -> &Definition {
        self.state.definition.as_ref().expect("locked while pending")
    }

    pub(super) fn state(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        let serial = self.node.serial;
        // The last one, but where a lock failed.
        LOCKED.with_borrow_mut(|locked| {
            if let Some(place) = locked.iter().rposition(|&other| other == serial) {
                locked.remove(place);
            }
        });
    }
}

/// Pending nodes, each after those it depends on; the last is the root.
pub(super) struct Graph {
    pub(super) nodes: Vec<Locked>,
}

impl Graph {
    /// Locks `root` and what it depends on; None if it was evaluated meanwhile.
    ///
    /// Every thread locks nodes in the order of falling numbers, hence none waits for one that waits
    /// for it.
    pub(super) fn lock(root: &Arc<Node>) -> Result<Option<Graph>> {
        let is_nested = LOCKED.with_borrow(|locked| !locked.is_empty());
        let mut nodes = Vec::new();
        let mut waiting = BTreeMap::from([(root.serial, Arc::clone(root))]);
        while let Some((_, node)) = waiting.pop_last() {
            let Some(locked) = Locked::new(node, is_nested)? else { continue };
            for operand in &locked.definition().operands {
                if let Source::Node(operand) = operand
                    && operand.result().is_none()
                {
                    waiting.insert(operand.serial, Arc::clone(operand));
                }
            }
            nodes.push(locked);
        }
        nodes.reverse();
        Ok(nodes.last().is_some_and(|last: &Locked| Arc::ptr_eq(&last.node, root)).then_some(Graph { nodes }))
    }

    /// The place of a node that is in the graph.
    pub(super) fn find(&self, node: &Node) -> Option<usize> {
        self.nodes.binary_search_by_key(&node.serial, |locked| locked.node.serial).ok()
    }

    pub(super) fn root(&self) -> &Locked {
        self.nodes.last().expect("a graph has a root")
    }

    /// Whether any node reduces rows.
    pub(super) fn has_reductions(&self) -> bool {
        self.nodes.iter().any(|locked| locked.node.is_reduction)
    }

    /// The nodes that reduce rows, each after those it depends on.
    pub(super) fn reductions(&self) -> Vec<Arc<Node>> {
        self.nodes.iter().filter(|locked| locked.node.is_reduction).map(|locked| Arc::clone(&locked.node)).collect()
    }

    /// Per node, whether something outside the graph holds it besides `own` handles of the root.
    pub(super) fn is_held(&self, own: usize) -> Vec<bool> {
        let mut uses = vec![1; self.nodes.len()];
        for locked in &self.nodes {
            for operand in &locked.definition().operands {
                if let Source::Node(operand) = operand
                    && let Some(place) = self.find(operand)
                {
                    uses[place] += 1;
                }
            }
        }
        if let Some(last) = uses.last_mut() {
            *last += own;
        }
        self.nodes.iter().zip(uses).map(|(locked, uses)| Arc::strong_count(&locked.node) > uses).collect()
    }

    /// Unlocks; the definitions of the nodes that were evaluated are dropped after that.
    pub(super) fn unlock(self, is_evaluated: &[bool]) {
        let mut gone = Vec::new();
        let mut nodes = Vec::new();
        for (mut locked, &is_evaluated) in self.nodes.into_iter().zip(is_evaluated) {
            if is_evaluated {
                gone.push(locked.state().definition.take());
            }
            nodes.push(Arc::clone(&locked.node));
        }
        drop(gone);
        drop(nodes);
    }
}
