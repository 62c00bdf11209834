/// The canonical text of a contract: JSON in the words of the pipeline file, every default filled in, keys in a fixed
/// order. Equal contracts have equal texts on every machine, so that a digest of the text is the contract's fingerprint.
///
/// What is newer than a text has its default there: the text is read as a pipeline file is. Times of a text that says no
/// origin have none: the default came later.
extension DataContract {
  /// The version of the form.
  private static let version = 1
  /// Ten thousand features in full, with room.
  private static let bytesMax = 64 << 20

  public var text: String {
    var optimizers: [PlainValue.Pair] = [
      .init("optimizer", .text(self.optimizers.dense.rawValue)),
      .init("embedding_optimizer", .text(self.optimizers.embeddings.rawValue)),
    ]
    if let kind = self.optimizers.wide { optimizers.append(.init("wide_optimizer", .text(kind.rawValue))) }
    let label = schema.label
    return PlainValue.mapping(
      [
        .init("contract", .integer(Self.version)),
        .init("schema", FeatureSchema.section.kind.write(schema) ?? .mapping([])),
        .init("model", ModelSettings.section.kind.write(model) ?? .mapping([])),
        .init("training", .mapping(optimizers)),
      ]
        + (label.findsClasses && !label.classes.isEmpty
          ? [.init("classes_found", .list(label.classes.map { .text($0) }))] : [])
    ).json()
  }

  /// - Throws: `ContractError` for a text of a newer program, or one that is damaged.
  public init(text: String) throws(ContractError) {
    let reader = PipelineReader(file: "contract", environment: nil)
    guard let root = YAMLLoader(reader: reader, bytesMax: Self.bytesMax).load(text),
      let form = Form.section.kind.read(root, "", reader), reader.mistakes == nil
    else { throw ContractError(reason: reader.mistakes?.mistakes.first?.problem ?? "it is no contract") }
    guard form.version <= Self.version else {
      throw ContractError(reason: "it is of version \(form.version), this program knows \(Self.version)")
    }
    schema = form.schema
    for index in schema.features.indices where schema.features[index].path.isEmpty {
      schema.features[index].path = schema.features[index].name
    }
    for index in schema.features.indices where schema.features[index].type == .timestamp {
      schema.features[index].origin = schema.features[index].origin ?? 0
    }
    if schema.label.findsClasses { schema.label.classes = form.found }
    model = form.model
    optimizers = form.optimizers
  }

  /// The text as it is read.
  private struct Form: Sendable {
    var version = 0
    var schema = FeatureSchema.section.prototype
    var model = ModelSettings.section.prototype
    var optimizers = Optimizers(dense: .adam, embeddings: .adagrad, wide: nil)
    var found: [String] = []

    static let section: Section<Form> = Section(
      doc: "A contract.", prototype: Form(),
      keys: [
        Key("contract", \.version, .integer(1...Int(Int32.max)), isRequired: true, "The version of the form."),
        Key("schema", \.schema, FeatureSchema.section.kind, isRequired: true, "What a record holds."),
        Key("model", \.model, ModelSettings.section.kind, isRequired: true, "The model's shape."),
        Key("training", \.optimizers, Optimizers.section.kind, isRequired: true, "The kinds of the optimisers."),
        Key("classes_found", \.found, .classList, "The classes that were found, in the order of the outputs."),
      ])
  }
}

extension DataContract.Optimizers {
  fileprivate static let section: Section<Self> = Section(
    doc: "The kinds of the optimisers.", prototype: Self(dense: .adam, embeddings: .adagrad, wide: nil),
    keys: [
      Key("optimizer", \.dense, .choice, "Of dense layers."),
      Key("embedding_optimizer", \.embeddings, .choice, "Of embedding rows."),
      Key("wide_optimizer", \.wide, .ifGiven(.choice), "Of the wide part."),
    ])
}

/// A contract that cannot be read.
public struct ContractError: Error, Sendable, Hashable, CustomStringConvertible {
  public let reason: String

  public var description: String { "the contract cannot be read: \(reason)" }
}
