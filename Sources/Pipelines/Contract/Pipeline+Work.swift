extension Pipeline {
  /// One more whenever workers would not understand each other: another envelope, attachment or form of the model's state.
  private static let groupFormat = 12

  /// All that the workers of a group have to agree on, as text: what the model means, how it learns, and the steps in
  /// which all of them do something at once. How many they are, and how long they wait, may differ.
  public var workText: String {
    let training = Section(
      doc: "", prototype: TrainingSettings(),
      keys: TrainingSettings.section.keys.filter {
        !["workers", "linger", "peer_timeout", "ledger", "memory_max"].contains($0.name)
      })
    let rates = boundedRates.map { PlainValue.Pair("\($0.key) rate", .number($0.inForce)) }
    let agreed: [PlainValue.Pair] = [
      .init("format", .integer(Self.groupFormat)),
      .init("topic", .text(source.topic)),
      .init("training", training.kind.write(self.training) ?? .mapping([])),
      .init("group", GroupSettings.section.kind.write(group) ?? .mapping([])),
      .init("checkpoint_steps", .integer(checkpoint.everySteps)),
      .init("histogram_every", .integer(health.histogramEvery)),
    ]
    // What has been found is the state's, and comes to every worker with it.
    var contract = DataContract(self)
    if contract.schema.label.findsClasses { contract.schema.label.classes = [] }
    return PlainValue.mapping(agreed + rates).json() + "\n" + contract.text
  }
}
