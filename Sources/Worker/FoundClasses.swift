package import Pipelines
import Vocabulary

/// A record whose class the model does not know, as its rank tells the others.
package struct ClassSighting: Sendable, Hashable {
  package var partition: Int32
  package var offset: Int64
  package var name: String

  package init(partition: Int32, offset: Int64, name: String) {
    (self.partition, self.offset, self.name) = (partition, offset, name)
  }
}

/// The classes that have been found, in the order of the model's outputs, and which of them a decoder's number is.
///
/// They are found in the order of the records: of a step, those of all ranks by partition and offset. Step thread only.
package final class FoundClasses {
  package let label: LabelSettings
  package private(set) var names: [String]
  private var places: [String: Int]
  private let book: ClassBook
  /// By the decoder's number.
  private var met: [String] = []
  private var known: [Int?] = []

  /// - Parameter names: Found before.
  package init(_ label: LabelSettings, names: [String], book: ClassBook) {
    self.label = label
    self.names = names
    self.book = book
    places = Dictionary(names.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
    if isFull { book.close(names) }
  }

  package var isFull: Bool { names.count >= label.classesMax }
  package var room: Int { max(0, label.classesMax - names.count) }

  /// The output of the class that the decoder has given a number; nil: it is not known.
  package func place(of number: Int) -> Int? {
    guard number >= 0 else { return nil }
    if number >= met.count { take() }
    if let place = known[number] { return place }
    known[number] = places[met[number]]
    return known[number]
  }

  /// nil: the decoder had no number for it.
  package func name(of number: Int) -> String? {
    guard number >= 0 else { return nil }
    if number >= met.count { take() }
    return met[number]
  }

  private func take() {
    met += book.names(from: met.count)
    known += [Int?](repeating: nil, count: met.count - known.count)
  }

  /// Takes up what all ranks have met in a step, as far as there is room.
  ///
  /// - Returns: Whether a class came to them.
  @discardableResult
  package func admit(_ sightings: [ClassSighting]) -> Bool {
    let before = names.count
    for sighting in sightings.sorted(by: { ($0.partition, $0.offset) < ($1.partition, $1.offset) }) {
      guard !isFull, places[sighting.name] == nil, ClassNames.accepts(sighting.name) else { continue }
      places[sighting.name] = names.count
      names.append(sighting.name)
    }
    if isFull { book.close(names) }
    return names.count > before
  }
}
