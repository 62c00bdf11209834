import Pipelines
import Vocabulary

extension ReceivedEnvelope {
  /// The classes that the rank names.
  ///
  /// - Parameter most: More are refused.
  package func sightings(atMost most: Int) throws -> [ClassSighting] {
    var reader = ByteReader(classes)
    var sightings: [ClassSighting] = []
    while reader.remaining > 0 {
      guard sightings.count < most else { throw EnvelopeError.sizesDisagree(section: "classes") }
      let (partition, offset) = (try reader.read(Int32.self), try reader.read(Int64.self))
      let count = Int(try reader.read(UInt32.self))
      guard count <= ClassNames.foundBytesMax else { throw EnvelopeError.sizesDisagree(section: "classes") }
      let name = String(decoding: try reader.read(bytes: count), as: UTF8.self)
      sightings.append(ClassSighting(partition: partition, offset: offset, name: name))
    }
    return sightings
  }
}
