import Tensors
import Testing
import Vocabulary

@Suite("The recipe's kernels")
struct RecipeKernelTests {
  private static let outputs = 3

  /// A deep member with drawn weights over 20 rows.
  private func member() -> DeepMember {
    var random = SplitMix64(seed: 5)
    let member = DeepMember(outputs: Self.outputs)
    member.reserve(rows: 20, used: 0)
    member.initialize { random.nextNearlyNormal() }
    for place in 0..<(20 * DeepMember.first) { member.rows[place] = 0.3 * random.nextNearlyNormal() }
    return member
  }

  private static let inputs: [(row: UInt32, weight: Float)] = [(3, 1), (7, -0.5), (0, 0.25), (19, 2), (.max, 9)]

  private func forward(_ member: DeepMember, _ kernels: Kernels) -> (out: [Float], values: AlignedBuffer<Float>) {
    let values = AlignedBuffer<Float>(count: DeepMember.valueCount)
    let out = AlignedBuffer<Float>(count: 16)
    Self.inputs.map(\.row).withUnsafeBufferPointer { rows in
      Self.inputs.map(\.weight).withUnsafeBufferPointer { weights in
        guard let rows = rows.baseAddress, let weights = weights.baseAddress else { return }
        member.forward(
          kernels, count: Self.inputs.count, rows, weights, values: values.pointer, out: out.pointer)
      }
    }
    return (Array(out.buffer.prefix(Self.outputs)), values)
  }

  /// The same in plain words; a row that is none is left out.
  private func plain(_ member: DeepMember) -> [Double] {
    let (first, second) = (DeepMember.first, DeepMember.second)
    func weight(_ place: Int) -> Double { Double(member.dense[place]) }
    let hidden = (0..<first).map { unit in
      max(
        0,
        Self.inputs.dropLast().reduce(0) { $0 + Double($1.weight) * Double(member.rows[Int($1.row) * first + unit]) })
    }
    let top = (0..<second).map { unit in
      max(0, weight(second * first + unit) + (0..<first).reduce(0) { $0 + hidden[$1] * weight(unit * first + $1) })
    }
    let last = second * (first + 1)
    return (0..<Self.outputs).map { output in
      weight(last + Self.outputs * second + output)
        + (0..<second).reduce(0) { $0 + top[$1] * weight(last + output * second + $1) }
    }
  }

  @Test("a deep member answers what its formula says, with the same bits at every level")
  func deepForward() {
    let member = member()
    let expected = plain(member)
    let found = Kernels.available.map { forward(member, $0).out }
    for (value, exact) in zip(found[0], expected) { #expect(abs(Double(value) - exact) < 1e-4) }
    #expect(found.allSatisfy { $0 == found[0] })
  }

  @Test("a deep member's rows and weights move against the gradient, with the same bits at every level")
  func deepLearn() throws {
    let slopes: [Float] = [0.5, -1, 0.25]
    func loss(_ member: DeepMember) -> Double { zip(plain(member), slopes).reduce(0) { $0 + $1.0 * Double($1.1) } }
    var states: [[Float]] = []
    for kernels in Kernels.available {
      let member = member()
      let (row, unit) = (7, 11)
      let place = row * DeepMember.first + unit
      let before = member.rows[place]
      // By a finite difference, in the rows' own step: Adagrad's, of the mean square over the row.
      let step: Float = 1e-3
      member.rows[place] = before + step
      let above = loss(member)
      member.rows[place] = before - step
      let slope = (above - loss(member)) / (2 * Double(step))
      member.rows[place] = before
      let old = loss(member)
      let (_, values) = forward(member, kernels)
      let scratch = AlignedBuffer<Float>(count: 16)
      let rows = Self.inputs.dropLast().map(\.row)
      let weights = Self.inputs.dropLast().map(\.weight)
      rows.withUnsafeBufferPointer { rows in
        weights.withUnsafeBufferPointer { weights in
          slopes.withUnsafeBufferPointer { slopes in
            guard let rows = rows.baseAddress, let weights = weights.baseAddress, let slopes = slopes.baseAddress else {
              return
            }
            member.learn(
              kernels, count: 4, rows, weights, values: values.pointer, gradient: slopes, scale: 1,
              scratch: scratch.pointer)
          }
        }
      }
      let change = Double(member.rows[place] - before)
      let expected = -0.05 * slope / (Double(member.sums[row]) + 0.01).squareRoot()
      #expect(abs(change - expected) < 1e-3 * max(1e-3, abs(expected)) + 1e-6, "\(change), not \(expected)")
      #expect(loss(member) < old)
      #expect((0..<20).filter { member.sums[$0] > 0 }.sorted() == [0, 3, 7, 19])
      states.append(Array(member.rows.buffer) + Array(member.dense.buffer) + Array(member.sums.buffer))
    }
    #expect(states.allSatisfy { $0 == states[0] })
  }

  /// One number, and what a function over its knots says of a value.
  @Test("a function over knots stays what it is where the knots move")
  func knots() {
    let form = RecipeForm(numbers: [1], categories: [], task: .binary, outputs: 1, keyedOutputs: 1, salt: 1)
    let inputs = RecipeInputs(form, tableCount: 1)
    let table = AlignedBuffer<Float>(count: inputs.capacity * DeepMember.first)
    inputs.connect([(table.pointer, DeepMember.first)])
    let (memory, records) = (RecipeMemory(form.memory), RecipeRecords(form, capacity: 1))
    let batch = FeatureBatch(capacity: 1, numberCount: 1, categoryCount: 0)
    batch.count = 1
    func encode(_ value: Float) {
      batch.numbers[0] = value
      inputs.encode(batch, row: 0, memory, into: records, at: 0)
    }
    let knotRows = 3..<19
    func function(_ value: Float) -> Float {
      encode(value)
      return (0..<records.plain(0)).filter { knotRows.contains(Int(records.rows(0)[$0])) }
        .reduce(0) { $0 + records.weights(0)[$1] * table[Int(records.rows(0)[$1]) * DeepMember.first] }
    }
    var random = SplitMix64(seed: 3)
    for count in 1...1023 {
      let value = random.nextNearlyNormal()
      encode(value)
      inputs.see(batch.numbers, records, 0, memory)
      if count == 511 {
        for (place, row) in knotRows.enumerated() { table[row * DeepMember.first] = 0.1 * Float(place) }
      }
    }
    let before = stride(from: Float(-3), through: 3, by: 0.25).map(function)
    #expect(before.max() ?? 0 > 1)
    encode(0.5)
    inputs.see(batch.numbers, records, 0, memory)
    let after = stride(from: Float(-3), through: 3, by: 0.25).map(function)
    for (old, new) in zip(before, after) { #expect(abs(old - new) < 0.2) }
    #expect(before != after)
  }

  @Test("a small number that was never met is read as the nearest that was, until it has been met")
  func strangers() {
    var form = RecipeForm(numbers: [1], categories: [], task: .binary, outputs: 1, keyedOutputs: 1, salt: 1)
    // What memory says would change how all inputs are scaled.
    form.without = .memory
    let inputs = RecipeInputs(form, tableCount: 0)
    let (memory, records) = (RecipeMemory(form.memory), RecipeRecords(form, capacity: 1))
    let batch = FeatureBatch(capacity: 1, numberCount: 1, categoryCount: 0)
    batch.count = 1
    func encode(_ value: Float) -> [Float] {
      batch.numbers[0] = value
      inputs.encode(batch, row: 0, memory, into: records, at: 0)
      return (0..<records.plain(0)).flatMap { [Float(records.rows(0)[$0]), records.weights(0)[$0]] }
    }
    func learn(_ value: Float) {
      _ = encode(value)
      inputs.reserve(rows: inputs.rowCount + records.count(0))
      inputs.addRows(records, 0)
      inputs.see(batch.numbers, records, 0, memory)
    }
    for month in 0..<40 { learn(Float(1 + month % 4)) }
    #expect(encode(9) == encode(4) && encode(-3) == encode(1) && encode(2.4) == encode(2))
    #expect(encode(4) != encode(3))
    // Met twice it has a row of its own.
    learn(9)
    learn(9)
    #expect(encode(9) != encode(4) && encode(8) == encode(9))
  }

  @Test("a full set of the memory lets go of the key that was met longest ago")
  func keys() {
    let category = RecipeForm.Category(name: 9, column: 0, slots: 1, hasHashes: false)
    let form = RecipeForm(
      numbers: [], categories: [category], task: .binary, outputs: 1, keyedOutputs: 1, salt: 1)
    let (inputs, memory) = (RecipeInputs(form, tableCount: 0), RecipeMemory(form.memory))
    let records = RecipeRecords(form, capacity: 1)
    let batch = FeatureBatch(capacity: 1, numberCount: 0, categoryCount: 1)
    batch.count = 1
    for value in 1...4000 as ClosedRange<UInt32> {
      batch.categories[0] = value
      inputs.encode(batch, row: 0, memory, into: records, at: 0)
      // Without more room: some sets are full.
      inputs.remember(Double(value % 2), records, 0, in: memory)
    }
    #expect(memory.keyCount == 64 * 8 && memory.replaced == 4000 - 64 * 8)
    #expect(inputs.recall(field: 0, value: .category(4000), from: memory)?[0] == 1)
    #expect(inputs.recall(field: 0, value: .category(1), from: memory) == nil)
  }
}
