package dev.nippush.server;

/** Which build this is. */
final class Version {

    private Version() {}

    /** From the manifest of the jar; outside of one there is none. */
    static String text() {
        String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
