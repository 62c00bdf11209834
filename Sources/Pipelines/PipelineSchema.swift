/// The JSON Schema of a pipeline file, for editors: from the same table of keys that the parser reads by.
public enum PipelineSchema {
  /// Draft 2020-12. What only the parser knows, contradictions between keys, is not in it.
  ///
  /// Every value may also be a text with `${env:NAME}` in it, which the schema allows where the value is a text anyway.
  public static func jsonSchema() -> String {
    let head: [PlainValue.Pair] = [
      .init("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
      .init("title", .text("retrain pipeline")),
      .init("description", .text(Pipeline.section.doc)),
    ]
    return PlainValue.mapping(head + Pipeline.section.kind.schema).json() + "\n"
  }
}
