//! Compiling: the nodes of a graph become one program.

use corepy_core::plan::{Plan, memory_order, plan};
use corepy_core::shape::Strides;
use corepy_core::{DType, Op, Tensor};
use smallvec::SmallVec;

use super::graph::{Graph, Locked};
use super::node::{Action, Source};
use crate::elementwise::Scalar;
use crate::exec::{Arithmetic, Float, MAX_SLOTS, Operand, Program, Slot, Step};
use crate::ffi::{self, Kernel};
use crate::isa::{self, Isa};

/// Nanoseconds per element of a step on a block that lies in L1, over its share of the registry's cost,
/// which counts memory too.
const IN_CACHE: f32 = 0.6;
/// The same of arithmetic that runs in registers; of what is not short, [`IN_CACHE`].
const IN_REGISTERS: f32 = 0.15;

/// Something that a step reads or writes.
type ValueId = usize;

/// Where a value comes from.
#[derive(Clone, Copy, PartialEq)]
enum Origin {
    Input(usize),
    Step(usize),
}

struct ValueInfo {
    origin: Origin,
    dtype: DType,
    /// The output that it is, or none.
    output: Option<usize>,
}

/// A step before slots are chosen.
struct Instruction {
    kernel: Kernel,
    args: SmallVec<[ValueId; 3]>,
    out: ValueId,
    name: &'static str,
    /// The instruction or call that it is in registers, if it can be there.
    arithmetic: Option<(Arithmetic, Float)>,
    /// The registry's, nanoseconds per element.
    cost: f32,
}

impl Instruction {
    /// Estimated nanoseconds per element on one core, `among` so many instructions.
    fn cost(&self, among: usize) -> f32 {
        let is_short = self.arithmetic.is_some_and(|(arithmetic, _)| arithmetic.is_short());
        let in_registers = is_short && among > 1 && isa::active() != Isa::Baseline;
        self.cost * if in_registers { IN_REGISTERS } else { IN_CACHE }
    }
}

/// What a program reads.
pub(super) struct Input {
    pub(super) operand: Operand,
    pub(super) strides: Strides,
    pub(super) dtype: DType,
    /// One element for all.
    pub(super) is_scalar: bool,
    /// A Python number.
    pub(super) is_number: bool,
}

/// A step, for people.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) args: SmallVec<[Slot; 3]>,
    pub(super) out: Slot,
    pub(super) dtype: DType,
}

/// A program for a graph. Its outputs are, in this order, the nodes of `outputs`.
pub(super) struct Compiled {
    pub(super) program: Program,
    pub(super) inputs: Vec<Input>,
    /// Places in the graph.
    pub(super) outputs: Vec<usize>,
    /// Bytes of their elements.
    pub(super) output_sizes: Vec<usize>,
    pub(super) lines: Vec<Line>,
}

struct Builder {
    /// The axis that blocks run along, if its size is not 1: what does not move along it is one element for a block.
    inner: Option<usize>,
    inputs: Vec<Input>,
    values: Vec<ValueInfo>,
    instructions: Vec<Instruction>,
}

/// The instruction that computes `op`, or the function of vectors.
fn arithmetic(op: Op, compute: DType) -> Option<(Arithmetic, Float)> {
    let float = match compute {
        DType::Float32 => Float::F32,
        DType::Float64 => Float::F64,
        _ => return None,
    };
    let arithmetic = match op.info().instruction {
        Some(instruction) => Arithmetic::Instruction(instruction),
        None => Arithmetic::Call(ffi::in_registers(op, compute.itemsize())? as usize),
    };
    Some((arithmetic, float))
}

impl Builder {
    fn new(inner: Option<usize>) -> Builder {
        Builder { inner, inputs: Vec::new(), values: Vec::new(), instructions: Vec::new() }
    }

    fn input(&mut self, data: *mut u8, dtype: DType, strides: Strides) -> ValueId {
        let is_same = |value: &ValueInfo| match value.origin {
            Origin::Input(place) => {
                let input = &self.inputs[place];
                input.operand.data == data && input.dtype == dtype && input.strides == strides
            }
            Origin::Step(_) => false,
        };
        if let Some(value) = self.values.iter().position(is_same) {
            return value;
        }
        let is_scalar = strides.iter().all(|&stride| stride == 0);
        let operand = Operand { data, itemsize: dtype.itemsize() };
        self.inputs.push(Input { operand, strides, dtype, is_scalar, is_number: false });
        let origin = Origin::Input(self.inputs.len() - 1);
        self.values.push(ValueInfo { origin, dtype, output: None });
        self.values.len() - 1
    }

    /// A number; equal ones are one input.
    fn scalar(&mut self, scalar: &Scalar, rank: usize) -> ValueId {
        let is_same = |input: &Input| {
            // SAFETY: a scalar input points to one element of its dtype, which its node holds.
            input.is_number
                && input.dtype == scalar.dtype()
                && unsafe { std::slice::from_raw_parts(input.operand.data, input.operand.itemsize) } == scalar.bytes()
        };
        let found = self.inputs.iter().position(is_same);
        if let Some(value) =
            found.and_then(|place| self.values.iter().position(|value| value.origin == Origin::Input(place)))
        {
            return value;
        }
        let value = self.input(scalar.bytes().as_ptr().cast_mut(), scalar.dtype(), SmallVec::from_elem(0, rank));
        if let Some(input) = self.inputs.last_mut() {
            input.is_number = true;
        }
        value
    }

    fn step(
        &mut self,
        kernel: Kernel,
        args: SmallVec<[ValueId; 3]>,
        dtype: DType,
        name: &'static str,
        cost: f32,
    ) -> ValueId {
        // A common subexpression is computed once.
        let is_same = |step: &Instruction| {
            step.kernel as usize == kernel as usize && step.args == args && self.values[step.out].dtype == dtype
        };
        if let Some(step) = self.instructions.iter().find(|step| is_same(step)) {
            return step.out;
        }
        self.copy(kernel, args, dtype, name, cost)
    }

    /// A step of its own, whatever else is computed.
    fn copy(
        &mut self,
        kernel: Kernel,
        args: SmallVec<[ValueId; 3]>,
        dtype: DType,
        name: &'static str,
        cost: f32,
    ) -> ValueId {
        let out = self.values.len();
        self.values.push(ValueInfo { origin: Origin::Step(self.instructions.len()), dtype, output: None });
        self.instructions.push(Instruction { kernel, args, out, name, arithmetic: None, cost });
        out
    }

    fn cast(&mut self, value: ValueId, dtype: DType) -> ValueId {
        let from = self.values[value].dtype;
        if from == dtype {
            return value;
        }
        self.step(ffi::cast(from, dtype), SmallVec::from_slice(&[value]), dtype, "cast", 0.3)
    }

    /// The value of a node, given those of the nodes before it.
    fn node(&mut self, graph: &Graph, locked: &Locked, before: &[ValueId]) -> ValueId {
        let definition = locked.definition();
        let shape = &locked.node.shape;
        let mut args: SmallVec<[ValueId; 3]> = SmallVec::new();
        for operand in &definition.operands {
            args.push(match operand {
                Source::Scalar(scalar) => self.scalar(scalar, shape.len()),
                Source::Tensor(tensor) => self.tensor(tensor, shape),
                Source::Node(node) => match graph.find(node) {
                    Some(place) => before[place],
                    None => self.tensor(node.result().expect("evaluated, else in the graph"), shape),
                },
            });
        }
        let dtype = locked.node.dtype;
        let size = dtype.itemsize() as f32 / 8.0;
        match definition.action {
            Action::Cast => self.cast(args[0], dtype),
            Action::Select => {
                let wanted = [DType::Bool, dtype, dtype];
                let args = args.iter().zip(wanted).map(|(&arg, dtype)| self.cast(arg, dtype)).collect();
                self.step(ffi::select(dtype.itemsize()), args, dtype, "where", 0.3 * size)
            }
            Action::Reduce(_) => unreachable!("reductions are not steps"),
            Action::Apply(op, compute) => {
                let args = args.iter().map(|&arg| self.cast(arg, compute)).collect();
                let kernel = ffi::elementwise(op, compute).expect("compute_dtype chose a dtype of the domain");
                let cost = op.info().cost * compute.itemsize() as f32 / 8.0;
                let cost = if compute.is_complex() { 2.0 * cost } else { cost };
                let value = self.step(kernel, args, dtype, op.name(), cost);
                if let Origin::Step(step) = self.values[value].origin {
                    self.instructions[step].arithmetic = arithmetic(op, compute);
                }
                value
            }
        }
    }

    fn tensor(&mut self, tensor: &Tensor, shape: &[usize]) -> ValueId {
        let strides = tensor.broadcast_strides(shape).expect("broadcast when deferred");
        self.input(tensor.data(), tensor.dtype(), strides)
    }

    /// Per value, whether the executor may hold one element of it for a block: an input that does not move along the
    /// block, or a temporary made of such.
    fn scalars(&self) -> Vec<bool> {
        let mut is_scalar = Vec::with_capacity(self.values.len());
        for value in &self.values {
            is_scalar.push(match value.origin {
                Origin::Input(input) => self.inner.is_none_or(|axis| self.inputs[input].strides[axis] == 0),
                Origin::Step(step) => {
                    value.output.is_none() && self.instructions[step].args.iter().all(|&arg| is_scalar[arg])
                }
            });
        }
        is_scalar
    }

    /// The program, with a slot for each value; None if there are too many.
    fn finish(mut self, outputs: Vec<usize>, values: &[ValueId]) -> Option<Compiled> {
        for (index, &place) in outputs.iter().enumerate() {
            let mut value = values[place];
            let info = &self.values[value];
            if info.output.is_some() || matches!(info.origin, Origin::Input(_)) {
                // Tensors are distinct, also where their values are the same.
                let dtype = info.dtype;
                value = self.copy(ffi::cast(dtype, dtype), SmallVec::from_slice(&[value]), dtype, "copy", 0.2);
            }
            self.values[value].output = Some(index);
        }
        let mut last_use = vec![0; self.values.len()];
        for (index, step) in self.instructions.iter().enumerate() {
            step.args.iter().for_each(|&arg| last_use[arg] = index);
        }
        // Temporaries: a slot is free again after the last use of its value. The step that uses it last may write
        // there: kernels of one or two operands read each element before they write. A scalar keeps its slot: what runs
        // in registers reads it once more after it has written elements.
        let is_scalar = self.scalars();
        let mut temporaries: SmallVec<[usize; 4]> = SmallVec::new();
        let mut free: Vec<usize> = Vec::new();
        let mut place: Vec<usize> = vec![usize::MAX; self.values.len()];
        for (index, step) in self.instructions.iter().enumerate() {
            let done = |(i, arg): (usize, &ValueId)| {
                let is_temporary = place[*arg] != usize::MAX;
                (is_temporary && !is_scalar[*arg] && last_use[*arg] == index && !step.args[..i].contains(arg))
                    .then(|| place[*arg])
            };
            let done: SmallVec<[usize; 3]> = step.args.iter().enumerate().filter_map(done).collect();
            let in_place = step.args.len() < 3;
            if in_place {
                free.extend(&done);
            }
            let value = &self.values[step.out];
            if value.output.is_none() {
                let size = value.dtype.itemsize();
                place[step.out] = match free.iter().rposition(|&slot| temporaries[slot] == size) {
                    Some(found) => free.remove(found),
                    None => {
                        temporaries.push(size);
                        temporaries.len() - 1
                    }
                };
            }
            if !in_place {
                free.extend(&done);
            }
        }
        let inputs = self.inputs.len();
        if inputs + temporaries.len() + outputs.len() > MAX_SLOTS {
            return None;
        }
        let slot = |value: ValueId| -> Slot {
            let info = &self.values[value];
            let number = match (info.output, info.origin) {
                (Some(output), _) => inputs + temporaries.len() + output,
                (None, Origin::Input(input)) => input,
                (None, Origin::Step(_)) => inputs + place[value],
            };
            number as Slot
        };
        let among = self.instructions.len();
        let mut program = Program::new(self.instructions.iter().map(|step| step.cost(among)).sum());
        let mut lines = Vec::new();
        for step in &self.instructions {
            let args: SmallVec<[Slot; 3]> = step.args.iter().map(|&value| slot(value)).collect();
            let out = slot(step.out);
            program.steps.push(Step { arithmetic: step.arithmetic, ..Step::new(step.kernel, &args, out) });
            lines.push(Line { name: step.name, args, out, dtype: self.values[step.out].dtype });
        }
        program.temporaries = temporaries;
        let first_output = inputs + program.temporaries.len();
        let reads_output =
            |step: &Step| step.args[..usize::from(step.arity)].iter().any(|&arg| usize::from(arg) >= first_output);
        let writes = |step: &Instruction| self.values[step.out].output.is_some();
        // `where` has no streaming kernel.
        let is_where = |step: &Instruction| step.args.len() == 3 && step.name == "where";
        program.streams = !program.steps.iter().any(reads_output)
            && !self.instructions.iter().any(|step| writes(step) && is_where(step));
        let output_sizes = outputs.iter().map(|&place| self.values[values[place]].dtype.itemsize()).collect();
        Some(Compiled { program, inputs: self.inputs, outputs, output_sizes, lines })
    }
}

impl Compiled {
    /// Compiles a graph; None if the program would have too many slots. `is_output` says, per node,
    /// whether its values are written to memory; the root's are, as the last output.
    pub(super) fn new(graph: &Graph, is_output: &[bool]) -> Option<Compiled> {
        let root = &graph.root().node;
        let is_walked = |&axis: &usize| root.shape[axis] > 1;
        let mut builder = Builder::new(memory_order(&root.shape, &[&root.strides]).into_iter().rfind(is_walked));
        let mut values = Vec::with_capacity(graph.nodes.len());
        for locked in &graph.nodes {
            values.push(builder.node(graph, locked, &values));
        }
        let outputs = (0..graph.nodes.len()).filter(|&place| is_output[place]).collect();
        builder.finish(outputs, &values)
    }

    /// Compiles the element-wise nodes `members` of a graph of rows, of which `outputs` are written; None if the program
    /// would have too many slots. Other nodes are inputs: given are the places of the inputs and of the nodes.
    pub(super) fn part(
        graph: &Graph,
        members: &[usize],
        outputs: Vec<usize>,
    ) -> Option<(Compiled, Vec<(usize, usize)>)> {
        let shape = &graph.nodes[*members.first()?].node.shape;
        let mut builder = Builder::new((shape.last()? > &1).then_some(shape.len() - 1));
        let mut values = vec![ValueId::MAX; graph.nodes.len()];
        let mut given = Vec::new();
        for &member in members {
            let locked = &graph.nodes[member];
            for operand in &locked.definition().operands {
                let Source::Node(node) = operand else { continue };
                let Some(place) = graph.find(node) else { continue };
                if values[place] != ValueId::MAX {
                    continue;
                }
                let mut strides: Strides = SmallVec::from_elem(0, locked.node.shape.len());
                if !node.is_reduction {
                    *strides.last_mut()? = node.dtype.itemsize() as isize;
                }
                // An address that no tensor has stands for it; element sizes differ where addresses might not.
                let address = std::ptr::without_provenance_mut(1 + place);
                values[place] = builder.input(address, node.dtype, strides);
                given.push((builder.inputs.len() - 1, place));
            }
            values[member] = builder.node(graph, locked, &values);
        }
        Some((builder.finish(outputs, &values)?, given))
    }

    /// The iteration over inputs, then `outputs` (strides), in the order in which the root lies in memory; its innermost
    /// axis is the one that the temporaries were chosen for.
    pub(super) fn plan(&self, shape: &[usize], root: &[isize], outputs: &[&[isize]]) -> Plan {
        let order = memory_order(shape, &[root]);
        let views: Vec<&[isize]> =
            self.inputs.iter().map(|input| &input.strides[..]).chain(outputs.iter().copied()).collect();
        plan(shape, &order, &views)
    }
}
