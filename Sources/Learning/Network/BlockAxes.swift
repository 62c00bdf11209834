/// What the inputs and the outputs of a block of parameters stand for: so weights are found again where a spec has other
/// inputs, or the same ones elsewhere.
struct BlockAxes: Sendable, Hashable {
  enum Axis: Sendable, Hashable {
    /// The columns of the encoded input.
    case columns
    /// Of these the numbers and missing indicators alone.
    case numericColumns
    /// Units, ranks: the same in every spec of one shape.
    case places
    /// What a head answers: the same place is the same class, where there are more or fewer of them.
    case answers
  }

  let inputs, outputs: Axis

  init(_ inputs: Axis, _ outputs: Axis) { (self.inputs, self.outputs) = (inputs, outputs) }
}
