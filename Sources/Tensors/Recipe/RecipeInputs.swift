import CKernels

/// What the recipe knows of its inputs: statistics, samples and knots of numbers, statistics of what memory gives, and which
/// values have rows. One learner changes it; once nobody does, any number of threads read it.
package final class RecipeInputs {
  package let form: RecipeForm
  /// Rows that there is room for.
  package private(set) var capacity: Int

  private let names, listed: AlignedBuffer<UInt64>
  private let category: AlignedBuffer<ck_recipe_category>
  private let number: AlignedBuffer<ck_number>
  private let knot, value, sample: AlignedBuffer<Float>
  private let present, counts: AlignedBuffer<Int64>
  private let feature: AlignedBuffer<Double>
  private var rowKeys: AlignedBuffer<UInt64>
  private var rowSlots: AlignedBuffer<UInt32>
  private let rowCountBuffer: AlignedBuffer<Int64>
  private let tables: AlignedBuffer<ck_recipe_table>
  private let raw: AlignedBuffer<ck_recipe>

  /// - Parameter tableCount: Tables with a row for each of the inputs' rows.
  package init(_ form: RecipeForm, tableCount: Int) {
    self.form = form
    let numbers = form.numbers.count
    names = AlignedBuffer(count: numbers)
    for place in 0..<numbers { names[place] = form.numbers[place] }
    category = AlignedBuffer(count: form.categories.count)
    listed = AlignedBuffer(count: form.categories.reduce(0) { $0 + $1.listed.count })
    var next = 0
    for (place, field) in form.categories.enumerated() {
      let first = listed.pointer + next
      for value in field.listed {
        listed[next] = value
        next += 1
      }
      category[place] = ck_recipe_category(
        name: field.name, column: Int64(field.column), slots: Int64(field.slots), has_hashes: field.hasHashes ? 1 : 0,
        padding: 0, listed: UnsafePointer(first), listed_count: Int64(field.listed.count))
    }
    number = AlignedBuffer(count: numbers)
    knot = AlignedBuffer(count: numbers * Int(ck_recipe_knots))
    value = AlignedBuffer(count: numbers * Int(ck_recipe_values))
    sample = AlignedBuffer(count: numbers * Int(ck_recipe_sample))
    present = AlignedBuffer(count: numbers)
    counts = AlignedBuffer(count: 2)
    feature = AlignedBuffer(count: 3 * form.features)
    rowCountBuffer = AlignedBuffer(count: 1)
    rowCountBuffer[0] = Int64(form.firstRows)
    capacity = 0
    rowKeys = AlignedBuffer(count: 0)
    rowSlots = AlignedBuffer(count: 0)
    tables = AlignedBuffer(count: tableCount)
    raw = AlignedBuffer(count: 1)
    reserve(rows: form.firstRows + 1)
  }

  /// Makes room for so many rows, by doubling.
  ///
  /// - Returns: Whether it grew: then tables have to.
  @discardableResult
  package func reserve(rows: Int) -> Bool {
    guard rows > capacity else { return false }
    var room = max(capacity, 1024)
    while room < rows { room *= 2 }
    let keys = AlignedBuffer<UInt64>(count: room)
    keys.pointer.update(from: rowKeys.pointer, count: capacity)
    (rowKeys, capacity) = (keys, room)
    rowSlots = AlignedBuffer(count: 2 * room)
    link()
    ck_recipe_index_rows(raw.pointer)
    return true
  }

  private func link() {
    let features = feature.pointer
    raw[0] = ck_recipe(
      numbers: Int64(form.numbers.count), categories: Int64(form.categories.count), outputs: Int64(form.outputs),
      keyed_outputs: Int64(form.keyedOutputs), keyed_categories: Int64(form.keyedCategories),
      keyed_numbers: Int64(form.keyedNumbers), is_regression: form.task == .regression ? 1 : 0,
      is_multiclass: form.task == .multiclass ? 1 : 0, without: form.without.rawValue,
      cross_mask: UInt32(form.crossRows - 1), seed: form.salt, number_names: UnsafePointer(names.pointer),
      category: UnsafePointer(category.pointer), number: number.pointer,
      knot: knot.pointer, value: value.pointer, sample: sample.pointer, present: present.pointer,
      counts: counts.pointer, feature_mean: features, feature_squares: features + form.features,
      feature_inverse: features + 2 * form.features, row_keys: rowKeys.pointer, row_slots: rowSlots.pointer,
      row_mask: UInt64(rowSlots.count - 1), row_count: rowCountBuffer.pointer, row_first: Int64(form.firstRows),
      row_most: Int64(form.rowsMost), tables: UnsafePointer(tables.pointer), table_count: Int64(tables.count))
  }

  /// Which tables have rows for values and functions over knots.
  package func connect(_ rows: [(pointer: UnsafeMutablePointer<Float>, width: Int)]) {
    precondition(rows.count == tables.count)
    for (place, table) in rows.enumerated() {
      tables[place] = ck_recipe_table(rows: table.pointer, width: Int64(table.width))
    }
  }

  /// Rows in use.
  package var rowCount: Int { Int(rowCountBuffer[0]) }
  /// Records met.
  package var records: Int64 { counts[0] }

  /// Begins rows of a deep member's table.
  package func begin(_ rows: Range<Int>, ofTable table: Int) {
    ck_recipe_begin_rows(
      raw.pointer, Int64(rows.lowerBound), Int64(rows.upperBound), Int64(table), tables[table].rows)
  }

  /// Row `row` of the batch becomes inputs; nothing is learned.
  @inline(__always)
  package func encode(
    _ batch: FeatureBatch, row: Int, _ memory: RecipeMemory, into records: RecipeRecords, at place: Int
  ) {
    ck_recipe_encode(
      raw.pointer, memory.raw.pointer, batch.numbers + row * batch.numberCount,
      batch.categories + row * batch.categoryCount, records.raw.pointer + place)
  }

  /// A record as a point: `RecipePoints.places` floats.
  package func point(
    _ numbers: UnsafePointer<Float>, _ records: RecipeRecords, _ place: Int, into point: UnsafeMutablePointer<Float>
  ) { ck_recipe_point(raw.pointer, numbers, records.raw.pointer + place, point) }

  /// Gives a record's new values rows, for which there is room.
  package func addRows(_ records: RecipeRecords, _ place: Int) {
    ck_recipe_add_rows(raw.pointer, records.raw.pointer + place)
  }

  /// Takes up a record's numbers, and the memory their last values.
  package func see(_ numbers: UnsafePointer<Float>, _ records: RecipeRecords, _ place: Int, _ memory: RecipeMemory) {
    ck_recipe_see(raw.pointer, memory.raw.pointer, numbers, records.raw.pointer + place)
  }

  /// Takes up a record's label into the memory.
  package func remember(_ label: Double, _ records: RecipeRecords, _ place: Int, in memory: RecipeMemory) {
    ck_recipe_remember(raw.pointer, memory.raw.pointer, records.raw.pointer + place, label)
  }

  /// What the memory says of a field's value: how often it was met, then by class its mean, its fast mean and its last label.
  ///
  /// - Parameters:
  ///   - field: Index among the categories, then the numbers.
  ///   - value: Of a category its hash or bucket; of a number the value.
  package func recall(field: Int, value: RecipeKey, from memory: RecipeMemory) -> [Float]? {
    let key: UInt64 =
      switch value {
      case .category(let value): ck_recipe_category_key(form.categories[field].name, value)
      case .number(let value):
        ck_recipe_number_key(raw.pointer, memory.raw.pointer, Int64(field - form.keyedCategories), value)
      }
    return memory[key]
  }

  /// All buffers of the state but the rows' keys, of which the first `rowCount` count.
  package func forEachPart(_ body: (String, UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    try body("numbers", UnsafeMutableRawBufferPointer(number.buffer))
    try body("knots", UnsafeMutableRawBufferPointer(knot.buffer))
    try body("values of numbers", UnsafeMutableRawBufferPointer(value.buffer))
    try body("samples of numbers", UnsafeMutableRawBufferPointer(sample.buffer))
    try body("presence of numbers", UnsafeMutableRawBufferPointer(present.buffer))
    try body("counts of records", UnsafeMutableRawBufferPointer(counts.buffer))
    try body("statistics of features", UnsafeMutableRawBufferPointer(feature.buffer))
    try body(
      "which values have rows",
      UnsafeMutableRawBufferPointer(start: rowKeys.pointer, count: rowCount * MemoryLayout<UInt64>.stride))
  }

  /// A state's number of rows, before its parts are read.
  package func begin(rowCount: Int) {
    reserve(rows: rowCount)
    rowCountBuffer[0] = Int64(rowCount)
  }

  /// After its parts were read.
  ///
  /// - Returns: What cannot be; nil: it is sound.
  package func index() -> String? {
    for place in 0..<form.numbers.count {
      let q = number[place]
      guard (0...Int(ck_recipe_knots)).contains(Int(q.knots)), q.seen >= 0,
        (0...Int(ck_recipe_values)).contains(Int(q.distinct)),
        q.knots != 1, q.seen <= 1 << 62, (0...1 << 62).contains(q.next), q.mean.isFinite, q.squares.isFinite,
        q.inverse.isFinite
      else { return "statistics of a number" }
      let knots = knot.pointer + place * Int(ck_recipe_knots)
      for index in 0..<Int(max(0, q.knots - 1)) where !(knots[index] < knots[index + 1]) { return "knots that ascend" }
    }
    guard counts.buffer.allSatisfy({ (0...1 << 62).contains($0) }) else { return "counts of records" }
    rowSlots.clear()
    ck_recipe_index_rows(raw.pointer)
    for row in form.firstRows..<rowCount where ck_recipe_find_row(raw.pointer, rowKeys[row]) != UInt32(row) {
      return "keys of rows"
    }
    return nil
  }

  /// Whether all statistics are numbers.
  package var isFinite: Bool {
    for place in 0..<form.numbers.count
    where !(number[place].mean.isFinite && number[place].squares.isFinite && number[place].inverse.isFinite) {
      return false
    }
    return feature.buffer.allSatisfy(\.isFinite)
  }

  /// Whether a value lies so far outside what is usual that it counts as absent.
  package func isWild(_ value: Float, number place: Int) -> Bool {
    let q = number[place]
    return value.isFinite && q.seen > 64 && q.distinct > 1 && abs(Double(value) - q.mean) * q.inverse >= 1e4
  }

  /// By what a number is standardised.
  package func statistics(ofNumber place: Int) -> (count: Int64, mean: Double, deviation: Double) {
    let q = number[place]
    return (q.seen, q.mean, q.seen > 1 ? (q.squares / Double(q.seen)).squareRoot() : 0)
  }

  /// Takes the statistics, knots and presence of numbers, by place; nil: new. Rows are not taken.
  package func adopt(_ old: RecipeInputs, numbers: [Int?], features: [Int?]) {
    for (place, origin) in numbers.enumerated() {
      guard let origin else { continue }
      number[place] = old.number[origin]
      present[place] = old.present[origin]
      for (new, before, width) in [
        (knot, old.knot, Int(ck_recipe_knots)), (value, old.value, Int(ck_recipe_values)),
        (sample, old.sample, Int(ck_recipe_sample)),
      ] {
        (new.pointer + place * width).update(from: before.pointer + origin * width, count: width)
      }
    }
    for (place, origin) in features.enumerated() {
      guard let origin else { continue }
      for part in 0..<3 {
        feature[part * form.features + place] = old.feature[part * old.form.features + origin]
      }
    }
    counts.copy(old.counts)
  }

  /// Enters keys of another's rows behind the first ones, in their order; room is made.
  package func adoptKeys(of old: RecipeInputs) {
    let count = old.rowCount - old.form.firstRows
    begin(rowCount: form.firstRows + count)
    (rowKeys.pointer + form.firstRows).update(from: old.rowKeys.pointer + old.form.firstRows, count: count)
    rowSlots.clear()
    ck_recipe_index_rows(raw.pointer)
  }
}

/// What names a key of the memory within its field.
package enum RecipeKey: Sendable, Hashable {
  case category(UInt64)
  case number(Float)
}
