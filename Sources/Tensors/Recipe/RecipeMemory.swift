import CKernels

/// What the stream has said of labels: of all records, and by key; and each number's last value. Sets of keys are bounded: where
/// one is full, the key that was met longest ago gives way. One thread at a time.
package final class RecipeMemory {
  /// Keys, at most.
  package static let keysMax = 1 << 18
  private static let ways = Int(ck_recipe_ways)

  /// What a state is held against.
  package struct Form: Sendable, Hashable {
    /// What tells numbers apart, by place.
    package var numbers: [UInt64]
    package var task: RecipeForm.Task
    package var outputs, keyedOutputs: Int

    package init(numbers: [UInt64], task: RecipeForm.Task, outputs: Int, keyedOutputs: Int) {
      (self.numbers, self.task, self.outputs, self.keyedOutputs) = (numbers, task, outputs, keyedOutputs)
    }

    /// Floats a key.
    package var keyWidth: Int { 1 + 3 * keyedOutputs }

    /// Whether labels and keys mean the same to both, whatever numbers there are.
    package func sharesLabels(with other: Form) -> Bool {
      task == other.task && outputs == other.outputs && keyedOutputs == other.keyedOutputs
    }
  }

  package let form: Form
  private let counts: AlignedBuffer<Int64>
  private let means: AlignedBuffer<Double>
  private let last, knot: AlignedBuffer<Float>
  private let knots: AlignedBuffer<Int32>
  private var keys: AlignedBuffer<UInt64>
  private var times: AlignedBuffer<Int64>
  private var values: AlignedBuffer<Float>
  let raw: AlignedBuffer<ck_recipe_memory>

  package init(_ form: Form) {
    self.form = form
    counts = AlignedBuffer(count: 4)
    means = AlignedBuffer(count: 4 * form.outputs + 3)
    last = AlignedBuffer(count: form.numbers.count)
    knot = AlignedBuffer(count: form.numbers.count * Int(ck_recipe_knots))
    knots = AlignedBuffer(count: form.numbers.count)
    (keys, times, values) = (AlignedBuffer(count: 0), AlignedBuffer(count: 0), AlignedBuffer(count: 0))
    raw = AlignedBuffer(count: 1)
    clear()
  }

  /// Forgets everything.
  package func clear() {
    counts.clear()
    means.clear()
    if form.task != .regression { (means.pointer + 4 * form.outputs).update(repeating: -1, count: 3) }
    last.buffer.update(repeating: .nan)
    knot.clear()
    knots.buffer.update(repeating: -1)
    resize(sets: 64)
  }

  /// Labels met.
  package var labels: Int64 { counts[0] }
  /// Keys in use, and those that gave way to others.
  package var keyCount: Int { Int(counts[2]) }
  package var replaced: Int64 { counts[3] }

  /// What is known of a key, shape [`form.keyWidth`]; nil: nothing.
  package subscript(key: UInt64) -> [Float]? {
    let place = key == 0 ? -1 : Int(ck_recipe_find_key(raw.pointer, key))
    guard place >= 0 else { return nil }
    return Array(UnsafeBufferPointer(start: values.pointer + place * form.keyWidth, count: form.keyWidth))
  }

  /// Shape [outputs]: the mean of all labels.
  package var meanLabels: [Double] { Array(means.buffer.prefix(form.outputs)) }

  var meansPointer: UnsafePointer<Double> { UnsafePointer(raw[0].means) }

  /// Makes room before the keys of a step are taken up, by doubling, while more than a quarter of the places is taken.
  package func makeRoom() {
    while 4 * keyCount > keys.count, keys.count < Self.keysMax { resize(sets: 2 * keys.count / Self.ways) }
  }

  private func resize(sets: Int) {
    let (oldKeys, oldTimes, oldValues) = (keys, times, values)
    let width = form.keyWidth
    keys = AlignedBuffer(count: sets * Self.ways)
    times = AlignedBuffer(count: keys.count)
    values = AlignedBuffer(count: keys.count * width)
    counts[2] = 0
    raw[0] = ck_recipe_memory(
      counts: counts.pointer, means: means.pointer, last: last.pointer, knot: knot.pointer, knots: knots.pointer,
      keys: keys.pointer, times: times.pointer, values: values.pointer, sets: Int64(sets), width: Int64(width))
    // A set becomes two, so nothing gives way.
    guard labels > 0 else { return }
    for place in 0..<oldKeys.count where oldKeys[place] != 0 {
      put(oldKeys[place], oldTimes[place], oldValues.pointer + place * width)
    }
  }

  private func put(_ key: UInt64, _ time: Int64, _ numbers: UnsafePointer<Float>) {
    let place = Int(ck_recipe_place_key(raw.pointer, key))
    times[place] = time
    (values.pointer + place * form.keyWidth).update(from: numbers, count: form.keyWidth)
  }

  /// Sets of keys that a state has, before its parts are read.
  ///
  /// - Returns: Whether there may be so many.
  package func begin(sets: Int) -> Bool {
    guard sets >= 64, sets * Self.ways <= Self.keysMax, sets & (sets - 1) == 0 else { return false }
    counts.clear()
    resize(sets: sets)
    return true
  }

  package var sets: Int { keys.count / Self.ways }

  package func forEachPart(_ body: (String, UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    try body("memory: counts", UnsafeMutableRawBufferPointer(counts.buffer))
    try body("memory: means of labels", UnsafeMutableRawBufferPointer(means.buffer))
    try body("memory: last values", UnsafeMutableRawBufferPointer(last.buffer))
    try body("memory: knots", UnsafeMutableRawBufferPointer(knot.buffer))
    try body("memory: how many knots", UnsafeMutableRawBufferPointer(knots.buffer))
    try body("memory: keys", UnsafeMutableRawBufferPointer(keys.buffer))
    try body("memory: times of keys", UnsafeMutableRawBufferPointer(times.buffer))
    try body("memory: labels by key", UnsafeMutableRawBufferPointer(values.buffer))
  }

  /// After a state's parts were read: what cannot be; nil: it is sound.
  package func check() -> String? {
    guard counts.buffer.allSatisfy({ (0...1 << 62).contains($0) }) else { return "counts of a memory" }
    let recent = means.buffer.suffix(3)
    if form.task != .regression, !recent.allSatisfy({ (-1...Double(RecipeForm.outputsMax)).contains($0) }) {
      return "last labels"
    }
    for number in 0..<form.numbers.count {
      guard (-1...Int(ck_recipe_knots)).contains(Int(knots[number])), knots[number] != 1 else {
        return "knots of a memory"
      }
      let own = knot.pointer + number * Int(ck_recipe_knots)
      for index in 0..<Int(max(0, knots[number] - 1)) where !(own[index] < own[index + 1]) {
        return "knots of a memory that ascend"
      }
    }
    var count = 0
    for place in 0..<keys.count where keys[place] != 0 {
      count += 1
      guard Int(keys[place] & UInt64(sets - 1)) == place / Self.ways else { return "keys of a memory" }
    }
    return count == keyCount ? nil : "keys of a memory"
  }

  /// Takes another's labels, keys, and the last values of numbers, by what tells these apart; where labels are not the same
  /// thing, nothing.
  package func adopt(_ old: RecipeMemory) {
    clear()
    guard old.form.sharesLabels(with: form) else { return }
    _ = begin(sets: old.sets)
    counts.copy(old.counts)
    means.copy(old.means)
    keys.copy(old.keys)
    times.copy(old.times)
    values.copy(old.values)
    takeNumbers(of: old)
  }

  /// Reads another's labels and keys where they lie, as they are from now on, and its numbers as they are now: for who answers
  /// by the learner's memory under another spec. Where labels are not the same thing it stays as it is.
  package func follow(_ other: RecipeMemory) {
    guard other.form.sharesLabels(with: form) else { return }
    raw[0] = other.raw[0]
    (raw.pointer.pointee.last, raw.pointer.pointee.knot, raw.pointer.pointee.knots) = (
      last.pointer, knot.pointer, knots.pointer
    )
    takeNumbers(of: other)
  }

  private func takeNumbers(of other: RecipeMemory) {
    let width = Int(ck_recipe_knots)
    for (place, name) in form.numbers.enumerated() {
      guard let origin = other.form.numbers.firstIndex(of: name) else { continue }
      last[place] = other.last[origin]
      knots[place] = other.knots[origin]
      (knot.pointer + place * width).update(from: other.knot.pointer + origin * width, count: width)
    }
  }
}

extension RecipeForm {
  /// Of the memory of such records.
  package var memory: RecipeMemory.Form {
    RecipeMemory.Form(numbers: numbers, task: task, outputs: outputs, keyedOutputs: keyedOutputs)
  }
}
