import Ingest
import Pipelines
import Tensors

/// Requests becoming the rows of a batch, by the schema's rules. One thread at a time.
final class Intake {
  /// A declared feature's place in the batch.
  enum Column {
    /// And whether a text may stand for it, as in a record.
    case number(Int, takesText: Bool)
    /// And the most values it has.
    case category(Int, valuesMax: Int)
    /// A map, as JSON in a text, or a text.
    case sparse(Int)
  }

  let batch: FeatureBatch
  let decoder: RecordDecoder
  private let columns: ColumnTable
  private let recordInputs: [String]
  private let tensorInputs: [String]
  private let crosses: Set<String>
  /// By column: the request that had it last.
  private var givenBy: [UInt64]
  /// The request in hand.
  private var number: UInt64 = 0
  private let eventTime = UnsafeMutablePointer<Double>.allocate(capacity: 1)
  var content: [UInt8] = []
  /// What a person should know of the records in hand.
  private(set) var notes: [String] = []
  private let judge: RecordNotes
  private let refusal: RecordRefusal
  /// By path, for whoever writes one where a name belongs.
  private let names: [String: String]
  private var wantsNotes: Bool?
  /// What more records have to say is left out.
  private static let notesMax = 16

  init(pipeline: Pipeline, capacity: Int) {
    decoder = RecordDecoder(
      schema: pipeline.schema, task: pipeline.model.task, recordBytesMax: pipeline.source.recordBytesMax,
      purpose: .prediction)
    batch = FeatureBatch(
      capacity: capacity, numberCount: decoder.numberCount, categoryCount: decoder.categoryCount,
      weightedCount: decoder.weightedCount)
    batch.labels.update(repeating: .nan, count: batch.capacity)
    var columns: [String: Column] = [:]
    for (place, feature) in pipeline.schema.numericFeatures.enumerated() {
      let takesText = feature.type == .timestamp || feature.coerce ?? pipeline.schema.coerce
      columns[feature.name] = .number(place, takesText: takesText)
    }
    for (place, feature) in pipeline.schema.categoryFeatures.enumerated() {
      columns[feature.name] = .category(place, valuesMax: feature.valuesMax)
    }
    for (place, feature) in pipeline.schema.sparseFeatures.enumerated() { columns[feature.name] = .sparse(place) }
    self.columns = ColumnTable(
      pipeline.schema.features.compactMap { feature in columns[feature.name].map { (feature.name, $0) } })
    givenBy = Array(repeating: 0, count: self.columns.names.count)
    judge = RecordNotes(pipeline.schema)
    refusal = RecordRefusal(pipeline.schema, recordBytesMax: pipeline.source.recordBytesMax)
    names = Dictionary(pipeline.schema.features.filter(\.isRead).map { ($0.path, $0.name) }) { first, _ in first }
    recordInputs = RecordInput.names(pipeline.schema)
    tensorInputs = TensorInput.names(pipeline.schema)
    hasNumbersOnly = pipeline.schema.features.allSatisfy(\.type.isNumeric)
    features = zip(self.columns.names, self.columns.columns).map { ($0, $1) }
    crosses = Set(pipeline.schema.features.filter { !$0.isRead }.map(\.name))
  }

  deinit { eventTime.deallocate() }

  /// Converts the request's tensors into the rows of `batch`.
  ///
  /// - Parameter body: JSON and what follows it.
  func fill(_ request: InferRequest, body: UnsafeRawBufferPointer) throws {
    let rows = request.rows
    notes.removeAll(keepingCapacity: true)
    wantsNotes = request.wantsNotes
    precondition(rows <= batch.capacity, "\(rows) rows for a batch of \(batch.capacity)")
    for place in request.inputs.indices where request.inputs[place].count != rows {
      let (first, input) = (request.inputs[0], request.inputs[place])
      throw APIError.badRequest(
        "\(APIError.quote(input.name)) has \(input.count) rows, \(APIError.quote(first.name)) has \(rows)")
    }
    if request.inputs.count == 1, recordInputs.contains(request.inputs[0].name) {
      try fillRecords(request.inputs[0], body)
    } else if request.inputs.count == 1, tensorInputs.contains(request.inputs[0].name) {
      try fillTensor(request.inputs[0], body)
    } else {
      try fillColumns(request, body, rows)
    }
    batch.count = rows
  }

  /// Takes whole records, as the stream has them.
  func fill(records: [UnsafeRawBufferPointer]) throws {
    notes.removeAll(keepingCapacity: true)
    wantsNotes = nil
    precondition(records.count <= batch.capacity, "\(records.count) rows for a batch of \(batch.capacity)")
    for (row, record) in records.enumerated() {
      try check(decoder.decode(record, into: slot(row)), RecordInput.short, row, record: record)
      note(record, row, of: records.count)
    }
    batch.count = records.count
  }

  /// Takes one whole record.
  func fill(record: UnsafeRawBufferPointer) throws {
    notes.removeAll(keepingCapacity: true)
    wantsNotes = nil
    try check(decoder.decode(record, into: slot(0)), RecordInput.short, 0, record: record)
    note(record, 0, of: 1)
    batch.count = 1
  }

  /// The features that are read, in the order of the schema.
  let features: [(name: String, column: Column)]
  var featureColumns: [Column] { columns.columns }
  /// Whether each feature is a number, so that its place is its column.
  let hasNumbersOnly: Bool

  /// Makes a feature of a row an absent one; rows are changed one after the other.
  ///
  /// - Returns: Whether it may be absent; the row is of no use else.
  func forget(_ column: Column, row: Int) -> Bool { absent(column, row) == .example }

  private func absent(_ column: Column, _ row: Int) -> DecodeOutcome {
    switch column {
    case .number(let place, _): decoder.decode(number: nil, column: place, into: slot(row))
    case .category(let place, _): decoder.decode(category: nil, column: place, into: slot(row))
    case .sparse(let place): decoder.decode(sparse: nil, column: place, row: row, of: batch)
    }
  }

  func slot(_ row: Int) -> ExampleSlot { ExampleSlot(row: row, of: batch, eventTime: eventTime) }

  private func fillColumns(_ request: InferRequest, _ body: UnsafeRawBufferPointer, _ rows: Int) throws {
    number += 1
    var given = 0
    var next = 0
    for index in request.inputs.indices {
      let tensor = request.inputs[index]
      guard let place = columns.place(of: tensor, guess: next) else { throw unknown(tensor.name) }
      guard givenBy[place] != number else { throw APIError.badRequest("input “\(tensor.name)” is given twice") }
      givenBy[place] = number
      given += 1
      next = place + 1
      switch columns.columns[place] {
      case .number(let column, let takesText): try fillNumbers(tensor, body, column, takesText: takesText)
      case .category(let column, let valuesMax): try fillCategories(tensor, body, column, valuesMax)
      case .sparse(let column): try fillSparse(tensor, body, column)
      }
    }
    if given < givenBy.count {
      for place in givenBy.indices where givenBy[place] != number {
        let column = columns.columns[place]
        for row in 0..<rows { try check(absent(column, row), columns.names[place], row) }
      }
    }
    decoder.cross(rows: rows, of: batch)
  }

  private func unknown(_ name: String) -> APIError {
    if recordInputs.contains(name) { return .badRequest("“\(name)” holds whole records and stands alone") }
    if tensorInputs.contains(name) { return .badRequest("“\(name)” holds all features and stands alone") }
    if name == TensorInput.short || name == TensorInput.certain {
      return .badRequest(
        "the model has no input “\(name)”: it reads lists, maps or texts, which a tensor of numbers does not hold; give an input a feature, or “\(RecordInput.short)”"
      )
    }
    if crosses.contains(name) {
      return .badRequest("“\(name)” is made of other inputs and cannot be given")
    }
    if let meant = names[name] {
      return .badRequest(
        "the model has no input \(APIError.quote(name)); that is the path of “\(meant)”, and inputs have the features' names"
      )
    }
    let known = columns.names.sorted() + recordInputs + tensorInputs
    if let near = nearest(to: name, among: known) {
      return .badRequest("the model has no input \(APIError.quote(name)); did you mean “\(near)”?")
    }
    let some = known.prefix(20).map { "“\($0)”" }.joined(separator: ", ")
    return .badRequest("the model has no input \(APIError.quote(name)), only \(some)\(known.count > 20 ? " …" : "")")
  }

  /// Notes what there is to say of the record decoded last. A record is taken apart for it only where that is wanted, or
  /// where it has nothing of what the model reads.
  func note(_ record: UnsafeRawBufferPointer, _ row: Int, of rows: Int) {
    let marks = decoder.marks
    guard !marks.isEmpty, wantsNotes != false, notes.count < Self.notesMax else { return }
    let isThorough = wantsNotes == true || judge.foundNone(marks)
    for sentence in judge.sentences(marks, record: isThorough ? record : nil) {
      notes.append(rows > 1 ? "row \(row): \(sentence)" : sentence)
    }
  }

  /// - Parameters:
  ///   - record: Nil: a value of a column.
  ///   - size: Bytes of such a value, where it is a map or a text.
  func check(
    _ outcome: DecodeOutcome, _ input: @autoclosure () -> String, _ row: Int, record: UnsafeRawBufferPointer? = nil,
    size: Int? = nil
  ) throws {
    guard case .rejected(let reason, let field) = outcome else { return }
    let input = input()
    let place = field.map { $0 == input ? "" : ", field “\($0)”" } ?? ""
    let why = refusal.sentence(reason, field: field, value: decoder.rejectedValue, record: record, size: size)
    throw APIError.badRequest("input “\(input)”, row \(row)\(place): \(why)")
  }
}
