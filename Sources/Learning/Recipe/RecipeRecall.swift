import Tensors

/// What the memory of a recipe says of a field's value.
public struct RecipeRecall {
  private let form: RecipeForm
  private let inputs: RecipeInputs
  private let memory: RecipeMemory
  private let spec: LearnerSpec

  /// How a value is written in a record's column.
  public enum Value: Sendable, Hashable {
    /// One that the schema lists.
    case listed(String)
    /// One that is known by its hash.
    case hash(UInt64)
    /// One of a table's shared rows, counted behind those that are listed.
    case row(UInt32)
    case number(Float)
  }

  /// Of a key, or of all records.
  public struct Labels: Sendable, Hashable, Codable {
    /// Labels that were met with it.
    public var count: Int64
    /// By class, or of the one label: shares of a class, or means.
    public var mean: [Double]
    /// The same of the last ones, each with a tenth of the weight.
    public var recent: [Double]
    /// The last label, by class.
    public var last: [Double]
  }

  /// - Parameters:
  ///   - spec: Of the pipeline, or of the version that asks.
  ///   - state: What `Memory.encodeState` gave.
  /// - Throws: `LearningError` on damage.
  public init(spec: LearnerSpec, memory state: [UInt8]) throws {
    self.spec = spec
    form = RecipeForm(spec)
    inputs = RecipeInputs(form, tableCount: 0)
    memory = RecipeMemory(form.memory)
    memory.adopt(try RecipeMemory(state: state, form: nil))
  }

  /// Fields of which labels are remembered by value.
  public var fields: [String] {
    spec.categories.prefix(form.keyedCategories).map(\.name) + spec.numbers.prefix(form.keyedNumbers).map(\.name)
  }

  public var labels: Int64 { memory.labels }
  /// Mean label of all records, by class.
  public var mean: [Double] { memory.meanLabels }
  /// Keys that are known, and those that gave way to others.
  public var keys: Int { memory.keyCount }
  public var replaced: Int64 { memory.replaced }

  /// - Returns: nil: nothing is known of it.
  public func recall(_ field: String, _ value: Value) -> Labels? {
    guard let place = fields.firstIndex(of: field) else { return nil }
    let key: RecipeKey =
      switch value {
      case .listed(let name): .category(RecipeForm.hash(name))
      case .hash(let hash): .category(hash)
      case .row(let row): .category(UInt64(row))
      case .number(let number): .number(number)
      }
    guard let known = inputs.recall(field: place, value: key, from: memory) else { return nil }
    let width = form.keyedOutputs
    func part(_ number: Int) -> [Double] { known[(1 + number * width)..<(1 + (number + 1) * width)].map(Double.init) }
    return Labels(count: Int64(known[0]), mean: part(0), recent: part(1), last: part(2))
  }
}
