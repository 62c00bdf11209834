import Tensors

/// How much of the recipe a model has (docs/recipe.md).
public enum RecipePreset: String, Sendable, Hashable, Codable, CaseIterable {
  /// One deep member that learns each record once.
  case fast
  /// Deep members with and without memory and replay, and a linear one, weighed by what each is worth.
  case best
}

/// A member of the recipe.
struct RecipeMember: Sendable, Hashable {
  /// Of layers and reports.
  let name: String
  let isDeep: Bool
  /// Reads what memory says, beside the record.
  let readsMemory: Bool
  /// Records of the ring that it learns again with each new one.
  let replays: Int
  /// It says what the labels of the nearest records of the ring do; nil: it has weights of its own.
  var near: Near?

  /// In which space, and how quickly weights fall with the distance.
  struct Near: Sendable, Hashable {
    enum Space: Int, Sendable, Hashable, CaseIterable {
      /// The inputs themselves.
      case inputs = 0
      /// The first layer of the member `plain` before its ReLU: a metric that is learned.
      case learned = 1
    }
    let space: Space
    let isSharp: Bool
  }

  static func near(_ name: String, _ space: Near.Space, isSharp: Bool) -> RecipeMember {
    RecipeMember(
      name: name, isDeep: false, readsMemory: false, replays: 0, near: Near(space: space, isSharp: isSharp))
  }
}

extension RecipePreset {
  var members: [RecipeMember] {
    let deep = RecipeMember(name: "deep", isDeep: true, readsMemory: true, replays: 0)
    switch self {
    case .fast: return [deep]
    case .best:
      return [
        RecipeMember(name: "plain", isDeep: true, readsMemory: false, replays: 8), deep,
        RecipeMember(name: "replayed", isDeep: true, readsMemory: true, replays: 4),
        RecipeMember(name: "wide", isDeep: false, readsMemory: true, replays: 0),
        .near("near", .inputs, isSharp: false), .near("near_sharp", .inputs, isSharp: true),
        .near("alike", .learned, isSharp: false), .near("alike_sharp", .learned, isSharp: true),
      ]
    }
  }
}

extension RecipeForm {
  /// Of a spec's inputs and its one head.
  init(_ spec: LearnerSpec) {
    precondition(spec.heads.count == 1, "the recipe has one head, not \(spec.heads.count)")
    var categories: [Category] = []
    var column = 0
    for input in spec.categories {
      categories.append(
        Category(
          name: Self.hash(input.name), column: column, slots: input.slots, hasHashes: input.columns > input.slots,
          listed: (input.values ?? []).map(Self.hash)))
      column += input.columns
    }
    let task: Task =
      switch spec.task {
      case .binary: .binary
      case .multiclass: .multiclass
      case .regression: .regression
      }
    let outputs = spec.outputCount
    // Of classes that are found as they come the first few are the frequent ones.
    let findsClasses = spec.heads[0].known != nil
    self.init(
      numbers: spec.numbers.map { Self.hash($0.name) },
      categories: categories, task: task, outputs: outputs,
      keyedOutputs: outputs <= Self.keyedOutputsMax ? outputs : findsClasses ? Self.keyedOutputsMax : 0,
      salt: spec.seed)
  }

  /// What tells fields apart, whatever their order: FNV-1a of the name.
  static func hash(_ name: String) -> UInt64 {
    name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

extension LearnerSpec {
  /// A model of this spec that has learned nothing.
  ///
  /// - Parameter batchCapacity: The most records of a step, on all ranks together.
  public func makeModel(batchCapacity: Int) -> any Model {
    recipe == nil
      ? Learner(spec: self, batchCapacity: batchCapacity) : RecipeModel(spec: self, batchCapacity: batchCapacity)
  }
}
