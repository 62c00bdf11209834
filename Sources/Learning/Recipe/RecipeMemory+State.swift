import Tensors

// A state of its own, beside the parameters': with the form, so that whoever reads it takes what is theirs by name.
extension RecipeMemory {
  private static let magic: UInt32 = 0x314D_5252  // "RRM1"
  private static let numbersMax = 1 << 20

  /// All that is remembered: the same bytes for the same labels in the same order.
  func encodeState() -> [UInt8] {
    var size = 64 + 8 * form.numbers.count
    forEachPart { size += $1.count }
    var writer = StateWriter(capacity: size)
    writer.write(Self.magic)
    writer.write(form.taskNumber)
    writer.write(UInt32(form.outputs))
    writer.write(UInt32(form.keyedOutputs))
    writer.write(UInt32(form.numbers.count))
    for name in form.numbers { writer.write(name) }
    writer.write(UInt32(sets))
    forEachPart { writer.write(raw: UnsafeRawBufferPointer($1)) }
    return writer.bytes
  }

  /// - Parameter form: Which it has to have; nil: any.
  /// - Throws: `LearningError` on another form or damage.
  convenience init(state: [UInt8], form expected: Form?) throws {
    let (form, sets, offset) = try state.withUnsafeBytes { raw in
      var reader = StateReader(raw)
      let form = try Self.readForm(&reader)
      return (form, Int(try reader.read(UInt32.self)), 24 + 8 * form.numbers.count)
    }
    guard expected.map({ $0 == form }) ?? true else {
      throw LearningError(code: .anotherSpec, reason: "the memory is of other numbers or labels")
    }
    guard sets <= state.count / 64 else {
      throw LearningError(code: .damaged, reason: "a memory of \(sets) sets in \(state.count) bytes")
    }
    self.init(form)
    guard begin(sets: sets) else {
      throw LearningError(code: .damaged, reason: "a memory of \(sets) sets")
    }
    try state.withUnsafeBytes { raw in
      var reader = StateReader(UnsafeRawBufferPointer(rebasing: raw[offset...]))
      try forEachPart { try reader.read(into: $1) }
      try reader.finish()
    }
    if let wrong = check() {
      throw LearningError(code: .damaged, reason: "the memory has \(wrong) that cannot be")
    }
  }

  private static func readForm(_ reader: inout StateReader) throws -> Form {
    guard try reader.read(UInt32.self) == magic else {
      throw LearningError(code: .anotherSpec, reason: "these bytes are no memory of `model: auto`")
    }
    let task = try reader.read(UInt32.self)
    let (outputs, keyed, numbers) = (
      Int(try reader.read(UInt32.self)), Int(try reader.read(UInt32.self)), Int(try reader.read(UInt32.self))
    )
    guard let task = Form.task(task), (1...RecipeForm.outputsMax).contains(outputs), keyed <= outputs,
      numbers <= numbersMax
    else { throw LearningError(code: .damaged, reason: "the memory's form cannot be") }
    var names: [UInt64] = []
    for _ in 0..<numbers { names.append(try reader.read(UInt64.self)) }
    return Form(numbers: names, task: task, outputs: outputs, keyedOutputs: keyed)
  }
}

extension RecipeMemory.Form {
  fileprivate var taskNumber: UInt32 {
    switch task {
    case .binary: 0
    case .multiclass: 1
    case .regression: 2
    }
  }

  fileprivate static func task(_ number: UInt32) -> RecipeForm.Task? {
    switch number {
    case 0: .binary
    case 1: .multiclass
    case 2: .regression
    default: nil
    }
  }
}
