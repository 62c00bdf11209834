import Tensors

/// The form of embedded categories.
struct CategoryPlan: EncoderPlan {
  let width: Int

  var isLearned: Bool { true }
  func makeEncoder(_ site: EncoderSite) -> any InputEncoder { CategoryEncoder(site) }
}

/// Categories: each record's rows of the tables, a bag's combined, one category after the other. It learns the rows that a
/// batch touched, and which values are to have rows of their own.
final class CategoryEncoder: InputEncoder {
  private let tables: EmbeddingTables
  private let x, gradient: Rows
  /// Which rows the last batch's categories have; valid as long as the batch.
  private var values: ResolvedRows
  /// How many of these are of values that might have one of their own, and have none.
  private var strangers = 0
  /// Room for `values` where they are not the batch's own columns.
  private let resolved: AlignedBuffer<UInt32>
  private let gradients: RowGradients

  init(_ site: EncoderSite) {
    tables = site.model.tables
    (x, gradient) = (site.x, site.gradient)
    resolved = AlignedBuffer(count: tables.dictionaries.isEmpty ? 0 : site.capacity * tables.valueCount)
    values = ResolvedRows(pointer: UnsafePointer(resolved.pointer), stride: tables.valueCount)
    let slots = tables.categories.map(\.slots.count).max() ?? 0
    gradients = RowGradients(tables, pairCapacity: site.learns ? site.capacity * slots : 0)
  }

  func encode(_ context: LayerContext, _ batch: FeatureBatch) {
    precondition(
      batch.categoryCount == tables.columnCount,
      "a batch with \(batch.categoryCount) columns of categories is not of this model, which reads \(tables.columnCount)"
    )
    (values, strangers) = tables.resolve(batch, into: resolved)
    checkRows(batch)
    for table in tables.categories where table.dimension > 0 {
      let indices = values.pointer + table.slots.lowerBound
      let rows = tables.weights.pointer + table.offset
      if table.isBag {
        TableKernels.gatherBag(
          rows: batch.count, width: table.dimension, table: rows, indices: indices, slots: table.slots.count,
          stride: values.stride, combiner: table.combiner, x: x.column(table.column))
      } else {
        TableKernels.gather(
          rows: batch.count, width: table.dimension, table: rows, indices: indices, stride: values.stride,
          x: x.column(table.column))
      }
    }
  }

  /// Traps on a row outside its table: such a batch does not belong to this model.
  private func checkRows(_ batch: FeatureBatch) {
    let values = values
    for table in tables.categories {
      let limit = UInt32(table.buckets)
      var isInside = true
      for slot in table.slots {
        for row in 0..<batch.count {
          let bucket = values[row, slot]
          if bucket >= limit && !(table.isBag && bucket == FeatureBatch.noCategory) { isInside = false }
        }
      }
      precondition(isInside, "a bucket of \(table.name) lies outside its table")
    }
  }

  func addLogits(_ batch: FeatureBatch, to heads: [Head]) {
    let (wideWidth, values) = (tables.wideWidth, values)
    guard wideWidth > 0 else { return }
    for table in tables.categories where table.isWide {
      let rows = tables.wideRows(table)
      if wideWidth == 1, table.slots.count == 1 {
        addSingle(table.slots.lowerBound, count: batch.count, of: rows, to: heads[0].logits)
        continue
      }
      for head in heads {
        for row in 0..<batch.count {
          let scale = tables.bagScale(values, row, table)
          let to = head.logits.from(row)
          for slot in table.slots {
            let bucket = values[row, slot]
            if bucket == FeatureBatch.noCategory { continue }
            let from = rows + Int(bucket) * wideWidth + head.wideColumn
            for output in 0..<head.shape.outputs { to[output] += scale * from[output] }
          }
        }
      }
    }
  }

  /// The same for one output and one value a record.
  private func addSingle(_ slot: Int, count: Int, of weights: UnsafePointer<Float>, to logits: Rows) {
    let values = values
    for row in 0..<count { logits.from(row).pointee += weights[Int(values[row, slot])] }
  }

  func collect(
    _ context: LayerContext, _ batch: FeatureBatch, rows: Range<Int>, heads: [Head], into share: StepShare
  ) {
    for table in tables.categories {
      gradients.collect(batch, values, rows: rows, of: table, inputGradient: gradient, heads: heads, into: share.rows)
    }
    if strangers > 0 { lookForStrangers(batch, rows: rows, share.sightings) }
    context.times?.lap("embeddings", .touchedRows)
  }

  /// Notes which values of the rows have no row of their own.
  private func lookForStrangers(_ batch: FeatureBatch, rows: Range<Int>, _ sightings: Sightings) {
    let values = values
    for table in tables.categories {
      guard let place = table.dictionary, !tables.dictionaries[place].isFull else { continue }
      let (first, slots) = (tables.dictionaries[place].first, table.slots.count)
      for row in rows where batch.weights.map({ $0[row] > 0 }) ?? true {
        let given = batch.categories + row * tables.columnCount + table.batchColumn
        for slot in 0..<slots where given[slots + slot] != 0 {
          if values[row, table.slots.lowerBound + slot] >= first { continue }
          sightings.offer(
            Sightings.Entry(key: batch.keys[row], hash: UInt64(given[slots + slot]) << 32 | UInt64(given[slot])),
            of: place)
        }
      }
    }
  }

  /// Gives rows to the values that have been met often enough. What a value has learned in the row that it shared, it goes
  /// on with.
  func learn(_ share: StepShare, step: Int64, _ optimizers: OptimizerGroups) {
    guard share.sightings.total > 0 else { return }
    for (index, table) in tables.categories.enumerated() {
      guard let place = table.dictionary else { continue }
      let dictionary = tables.dictionaries[place]
      for entry in share.sightings.of(place) {
        guard let row = dictionary.see(entry.hash) else { continue }
        let shared = dictionary.hashed.row(entry.hash)
        tables.copyRow(table, from: Int(shared), to: Int(row))
        optimizers.copyRow(table, of: tables, from: Int(shared), to: Int(row))
        tables.occupancies[index].clear(shared)
      }
    }
  }

  func noteInputs(of batch: FeatureBatch, _ walk: WalkRecorder) {
    for table in tables.categories {
      let rows = table.slots.map { values[0, $0] }.filter { $0 != FeatureBatch.noCategory }
      walk.note(
        "embedding.\(table.name)", .input, feature: table.name, given: .rows(rows), x.column(table.column).pointer,
        table.dimension)
    }
  }

  func noteGradients(of batch: FeatureBatch, heads: [Head], _ walk: WalkRecorder) {
    for table in tables.categories where table.dimension > 0 {
      walk.note(
        "embedding.\(table.name)", .rowGradient, feature: table.name, gradient.column(table.column).pointer,
        table.dimension)
    }
  }
}
