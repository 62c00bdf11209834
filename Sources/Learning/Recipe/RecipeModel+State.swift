import Tensors

extension RecipeModel {
  public var isWatched: Bool {
    get { watch != nil }
    set { watch = newValue ? watch ?? RecipeWatch() : nil }
  }

  public func digestState() -> StateBlocks { RecipeWatch.blocks(parameters, labels) }

  /// A row that changed without a step is not told from others: ranks that hold the same find out by their digests.
  public func takeSpoiled() -> [String] { [] }

  public func encodeState() -> [UInt8] { parameters.encodeState() }

  /// Its numbers as they are, as a version answers by them; also of a model of which something was left out.
  package func frozen() throws -> FrozenModel {
    .recipe(
      RecipeVersion(
        parameters: try RecipeParameters(
          spec, state: encodeState(), without: parameters.form.without, plan: parameters.plan)))
  }

  /// - Throws: `LearningError`; then nothing has changed.
  public func restoreState(_ bytes: [UInt8]) throws { install(try RecipeParameters(spec, state: bytes)) }

  public func hasShape(of spec: LearnerSpec) -> Bool { self.spec.hasShape(of: spec) }

  /// Goes on from a state of an older spec: inputs, values and members that both have, by their names, stay what they are; the
  /// others begin anew, as does the ring of what members learn again.
  ///
  /// - Throws: `LearningError`; then nothing has changed.
  public func adoptState(
    _ bytes: [UInt8], of old: LearnerSpec, rows: [String: [UInt32]], listed: [String: [UInt32: UInt64]]
  ) throws {
    guard old.recipe != nil, old.task == spec.task else {
      throw LearningError(code: .anotherSpec, reason: "the state is of another model or task")
    }
    let before = try RecipeParameters(old, state: bytes)
    let own = RecipeParameters(spec)
    own.adopt(before)
    install(own)
  }
}

extension RecipeParameters {
  /// Takes what an older one has by the same names.
  fileprivate func adopt(_ old: RecipeParameters) {
    let numbers = form.numbers.map { old.form.numbers.firstIndex(of: $0) }
    let features = featureOrigins(old)
    inputs.adopt(old.inputs, numbers: numbers, features: features)
    inputs.adoptKeys(of: old.inputs)
    growTables(used: form.firstRows)
    (step, learned) = (old.step, old.learned)
    labels.copy(old.labels)
    var origins: [(Int, Int)] = [(0, 0)]
    for (place, origin) in numbers.enumerated() {
      guard let origin else { continue }
      for row in 0..<RecipeForm.numberRows {
        origins.append((1 + place * RecipeForm.numberRows + row, 1 + origin * RecipeForm.numberRows + row))
      }
    }
    let first = 1 + form.numbers.count * RecipeForm.numberRows
    let before = 1 + old.form.numbers.count * RecipeForm.numberRows
    for (place, origin) in features.enumerated() {
      if let origin { origins.append((first + place, before + origin)) }
    }
    for row in 0..<(old.inputs.rowCount - old.form.firstRows) {
      origins.append((form.firstRows + row, old.form.firstRows + row))
    }
    for (place, plan) in plan.enumerated() {
      guard let origin = old.plan.firstIndex(where: { $0.name == plan.name }) else {
        // It learns at once, and is counted once it is worth something.
        worth[place] = 0
        continue
      }
      (worth[place], moved[place], idle[place]) = (old.worth[origin], old.moved[origin], old.idle[origin])
      take(members[place], old.members[origin], origins)
    }
  }

  private func take(_ member: Member, _ old: Member, _ origins: [(Int, Int)]) {
    switch (member, old) {
    case (.deep(let new), .deep(let old)):
      new.dense.copy(old.dense)
      new.mean.copy(old.mean)
      new.square.copy(old.square)
      new.powers.copy(old.powers)
      for (row, origin) in origins {
        (new.rows.pointer + row * DeepMember.first).update(
          from: old.rows.pointer + origin * DeepMember.first, count: DeepMember.first)
        new.sums[row] = old.sums[origin]
      }
    case (.wide(let new), .wide(let old)):
      new.crosses.copy(old.crosses)
      new.squares.copy(old.squares)
      let width = form.outputs
      for (row, origin) in origins {
        (new.rows.pointer + row * width).update(from: old.rows.pointer + origin * width, count: width)
        (new.sums.pointer + row * width).update(from: old.sums.pointer + origin * width, count: width)
      }
    default: break
    }
  }

  /// For each memory feature the older one's of the same meaning.
  private func featureOrigins(_ old: RecipeParameters) -> [Int?] {
    let plain = 3 * form.outputs + (form.task == .regression ? 3 : 0)
    let width = 3 * form.keyedOutputs
    let (names, oldNames) = (form.keyedNames, old.form.keyedNames)
    return (0..<form.features).map { feature in
      guard feature >= plain else { return feature }
      let (field, part) = ((feature - plain) / width, (feature - plain) % width)
      return oldNames.firstIndex(of: names[field]).map { plain + $0 * width + part }
    }
  }
}

extension RecipeForm {
  /// What tells the fields with memory by key apart.
  var keyedNames: [UInt64] {
    categories.prefix(keyedCategories).map(\.name) + numbers.prefix(keyedNumbers)
  }
}
