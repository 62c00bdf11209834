import Tensors
import Vocabulary

extension Learner {
  /// Goes on from a state that was learned under an older spec, to which inputs, rows or heads have come, or whose inputs
  /// stand in another order.
  ///
  /// What both have is taken over bit by bit, by the name of its feature and head: weights, embedding rows, statistics, and
  /// what an optimiser of the same kind remembers. Of what is new, weights from inputs begin at 0, so that the model answers
  /// as before until it has learned otherwise; rows of embeddings and heads begin as in a new model.
  ///
  /// - Parameters:
  ///   - rows: By category, for each of its rows the one of the older table, or `UInt32.max` for none; a category that is not
  ///     named has kept its rows.
  ///   - listed: By category, of rows whose value had none of that name before, the value's hash: if it had a row for itself,
  ///     that is the one it comes from.
  /// - Throws: `LearningError`; then nothing has changed.
  public func adoptState(
    _ bytes: [UInt8], of old: LearnerSpec, rows: [String: [UInt32]] = [:], listed: [String: [UInt32: UInt64]] = [:]
  ) throws {
    let donor = Learner(spec: old, batchCapacity: 1, kernels: network.kernels)
    try donor.restoreState(bytes)
    let adoption = Adoption(
      from: donor, to: self, origins: InputOrigins(of: spec, in: old),
      rows: donor.network.tables.ownOrigins(rows, listed))
    try adoption.verify()
    adoption.takeValues()
    adoption.takeWeights()
    adoption.takeRows()
    optimizers.align(network)
    adoption.takeMemories()
    let (running, moments) = (network.normalizer.running, donor.network.normalizer.running)
    let (ranges, known) = (network.normalizer.ranges, donor.network.normalizer.ranges)
    for (column, origin) in adoption.origins.moments.enumerated() {
      running.count[column] = origin.map { moments.count[$0] } ?? 0
      running.mean[column] = origin.map { moments.mean[$0] } ?? 0
      running.squares[column] = origin.map { moments.squares[$0] } ?? 0
      ranges.adopt(column, from: known, origin)
    }
    step = donor.step
    random.state = donor.random.state
    optimizers.adoptConstants(network)
    network.normalizer.refresh()
    discardStep()
  }
}

extension UsualRanges {
  /// Takes over what others know of a column; nil: nothing is known.
  fileprivate func adopt(_ column: Int, from others: UsualRanges, _ origin: Int?) {
    begin(column)
    for place in 0..<Self.kept {
      values[column * Self.kept + place] = origin.map { others.values[$0 * Self.kept + place] } ?? 0
    }
    guard let origin else { return }
    taken[column] = others.taken[origin]
    var buffers: [AlignedBuffer<Double>] = []
    others.forEachBuffer { buffers.append($0) }
    var place = 0
    forEachBuffer { buffer in
      buffer[column] = buffers[place][origin]
      place += 1
    }
  }
}

/// The copying of one learner's state into another's, piece by piece.
private struct Adoption {
  let from, to: Learner
  let origins: InputOrigins
  let rows: [String: [UInt32]]
  private let oldBlocks: [String: ParameterLayout.NamedBlock]

  init(from: Learner, to: Learner, origins: InputOrigins, rows: [String: [UInt32]]) {
    (self.from, self.to, self.origins, self.rows) = (from, to, origins, rows)
    oldBlocks = Dictionary(uniqueKeysWithValues: from.network.layout.namedBlocks.map { ($0.name, $0) })
  }

  /// - Throws: `LearningError.anotherSpec` where the same name has another shape.
  func verify() throws {
    let findsClasses = [to.spec, from.spec].contains { $0.heads[0].known != nil }
    func refuse(_ what: String) -> LearningError { LearningError(code: .anotherSpec, reason: what) }
    for new in to.network.layout.namedBlocks {
      guard let old = oldBlocks[new.name] else { continue }
      let (a, b) = (old.block, new.block)
      func agree(_ axis: BlockAxes.Axis, _ old: Int, _ next: Int) -> Bool {
        switch axis {
        case .columns, .numericColumns: true
        case .places: old == next
        // Only the primary head finds classes.
        case .answers: old == next || (findsClasses && new.head == 0)
        }
      }
      guard agree(new.axes.inputs, a.inputs, b.inputs), agree(new.axes.outputs, a.outputs, b.outputs) else {
        throw refuse("\(new.name) were \(a.inputs) × \(a.outputs), and are \(b.inputs) × \(b.outputs)")
      }
    }
    for table in to.network.tables.tables {
      guard let old = self.table(table.name) else { continue }
      guard old.dimension == table.dimension else {
        throw refuse("rows of \(table.name) had \(old.dimension) numbers, and have \(table.dimension)")
      }
      let given = rows[table.name]
      guard given?.count ?? old.buckets == table.buckets,
        given?.allSatisfy({ $0 == .max || Int($0) < old.buckets }) ?? true
      else { throw refuse("\(table.name) had \(old.buckets) rows, and has \(table.buckets)") }
    }
  }

  private func table(_ name: String) -> EmbeddingTables.Table? {
    from.network.tables.tables.first { $0.name == name }
  }

  /// Calls `body` with the index of each parameter whose block is known, and the one it comes from; nil: it is new.
  private func forEachParameter(_ body: (ParameterBlock, Int, ParameterBlock, Int?) -> Void) {
    for new in to.network.layout.namedBlocks {
      guard let old = oldBlocks[new.name] else { continue }
      for input in 0..<new.block.inputs {
        let oldInput = origins.origin(input, along: new.axes.inputs)
        for output in 0..<new.block.outputs {
          let oldOutput = origins.origin(output, along: new.axes.outputs)
          var origin: Int?
          if let oldInput, let oldOutput, oldOutput < old.block.outputs {
            origin = old.block.index(oldInput, oldOutput)
          }
          body(new.block, new.block.index(input, output), old.block, origin)
        }
      }
    }
  }

  func takeValues() {
    let (old, new) = (from.network.tables, to.network.tables)
    new.forgetValues()
    for (place, table) in new.tables.enumerated() where !table.isWeighted {
      guard let was = old.tables.firstIndex(where: { $0.name == table.name }) else { continue }
      new.occupancies[place].adopt(old.occupancies[was])
      if let mine = table.dictionary, let theirs = old.tables[was].dictionary {
        new.dictionaries[mine].adopt(old.dictionaries[theirs])
      }
    }
    new.indexValues()
  }

  func takeWeights() {
    let (old, new) = (from.network.parameters, to.network.parameters)
    forEachParameter { _, index, _, origin in new[index] = origin.map { old[$0] } ?? 0 }
  }

  /// Calls `body` for each row that comes from one of the older tables: table, row and the older ones.
  private func forEachRow(_ body: (EmbeddingTables.Table, Int, EmbeddingTables.Table, Int) -> Void) {
    for table in to.network.tables.tables {
      guard let old = self.table(table.name) else { continue }
      let origins = rows[table.name]
      for row in 0..<table.buckets {
        let origin = origins.map { $0[row] } ?? UInt32(row)
        if origin != .max { body(table, row, old, Int(origin)) }
      }
    }
  }

  func takeRows() {
    let (old, new) = (from.network.tables, to.network.tables)
    forEachRow { table, row, oldTable, oldRow in
      for place in 0..<table.dimension {
        new.weights[table.offset + row * table.dimension + place] =
          old.weights[oldTable.offset + oldRow * table.dimension + place]
      }
      guard table.isWide else { return }
      forEachWideWeight(table, row, oldTable, oldRow) { new.wideWeights[$0] = old.wideWeights[$1] }
    }
  }

  /// The wide weights of a row, by head.
  private func forEachWideWeight(
    _ table: EmbeddingTables.Table, _ row: Int, _ oldTable: EmbeddingTables.Table, _ oldRow: Int,
    _ body: (Int, Int) -> Void
  ) {
    let (old, new) = (from.network.tables, to.network.tables)
    var column = 0
    for head in to.spec.heads {
      defer { column += head.outputCount }
      guard new.wideWidth > 0, old.wideWidth > 0, let (oldColumn, count) = wideColumn(of: head.name)
      else { continue }
      for output in 0..<min(count, head.outputCount) {
        body(
          (table.firstRow + row) * new.wideWidth + column + output,
          (oldTable.firstRow + oldRow) * old.wideWidth + oldColumn + output)
      }
    }
  }

  /// The first of its columns in the older spec, and how many there are.
  private func wideColumn(of head: String) -> (first: Int, count: Int)? {
    var column = 0
    for old in from.spec.heads {
      if old.name == head { return (column, old.outputCount) }
      column += old.outputCount
    }
    return nil
  }

  // MARK: What optimisers remember

  func takeMemories() {
    let (old, new) = (from.optimizers, to.optimizers)
    var pairs = [(old.dense, new.dense), (old.embeddingRows, new.embeddingRows), (old.wideRows, new.wideRows)]
    if let wide = new.wideNumbers { pairs.append((old.wideNumbers ?? old.dense, wide)) }
    for (old, new) in pairs where old.spec.kind == new.spec.kind {
      (new.beta1Power, new.beta2Power) = (old.beta1Power, old.beta2Power)
      (new.plateau, new.centre) = (old.plateau, old.centre)
    }
    forEachParameter { block, index, oldBlock, origin in
      guard let origin, let (target, place) = state(to, block, index), let (source, was) = state(from, oldBlock, origin)
      else { return }
      copy(source, was, target, place)
    }
    forEachRow { table, row, oldTable, oldRow in
      let (source, target) = (old.embeddingRows, new.embeddingRows)
      if target.formula == .adagrad {
        copy(source, oldTable.firstRow + oldRow, target, table.firstRow + row)
      } else {
        for place in 0..<table.dimension {
          copy(
            source, oldTable.offset + oldRow * table.dimension + place, target,
            table.offset + row * table.dimension + place)
        }
      }
      guard table.isWide, to.network.tables.wideWidth > 0, from.network.tables.wideWidth > 0 else { return }
      if new.wideRows.formula == .adagrad {
        copy(old.wideRows, oldTable.firstRow + oldRow, new.wideRows, table.firstRow + row)
      } else {
        forEachWideWeight(table, row, oldTable, oldRow) { copy(old.wideRows, $1, new.wideRows, $0) }
      }
    }
  }

  /// Where the optimiser of a parameter keeps its memory; nil: it has none.
  private func state(_ learner: Learner, _ block: ParameterBlock, _ index: Int) -> (OptimizerState, Int)? {
    let pieces = learner.optimizers.pieces
    guard let piece = pieces.first(where: { $0.range.contains(block.start) }) else { return nil }
    return (learner.optimizers.optimizer(of: piece), piece.stateStart + index - piece.range.lowerBound)
  }

  private func copy(_ source: OptimizerState, _ from: Int, _ target: OptimizerState, _ to: Int) {
    guard source.spec.kind == target.spec.kind else { return }
    for (old, new) in zip(source.buffers, target.buffers) where old.count > 0 && new.count > 0 { new[to] = old[from] }
  }
}
