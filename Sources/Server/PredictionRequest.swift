import HTTP
import Ingest

/// What a request for predictions has to say, however it is written.
protocol PredictionRequest {
  var rows: Int { get }
  /// Whether it takes its time however few rows it has.
  var isHeavy: Bool { get }
  /// Whose it is, by its own word; a version is chosen by it.
  var key: String? { get }
  /// What it is called, where it does not say whose it is.
  var id: UnsafeRawBufferPointer? { get }

  /// Refuses what a version cannot answer whatever the values are.
  func check(_ description: ModelDescription) throws
  /// Converts it into the rows of `intake`'s batch.
  func fill(_ intake: Intake) throws
  /// - Parameter outputs: By head, [rows × its width], each a number.
  func response(_ answer: VersionAnswer, outputs: (Int) -> UnsafeBufferPointer<Float>) -> HTTPResponse
  /// Whether it wants to know what the answer owes to each feature.
  var explains: Bool { get }
}

extension PredictionRequest {
  var isHeavy: Bool { explains }
  var explains: Bool { false }
}

/// Who answers, and what there is to say beside the numbers.
struct VersionAnswer {
  let version: LoadedVersion
  let isCanary: Bool
  /// What a person should know of the records.
  var notes: [String] = []
  var explanation: Explanation?

  var description: ModelDescription { version.description }
}
