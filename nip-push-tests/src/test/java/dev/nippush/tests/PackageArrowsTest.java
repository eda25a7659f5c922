package dev.nippush.tests;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.syntax.elements.ClassesShould;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Holds the direction of the arrows: which package may import which, and who may touch which library. */
final class PackageArrowsTest {
    private static final String BASE = "dev.nippush";

    /** A room is a package of core; {@code imports} are the only other rooms that it may use. */
    private record Room(String name, Set<String> imports) {
        static Room room(String name, String... imports) {
            return new Room(name, Set.of(imports));
        }

        String packageName() {
            return BASE + "." + name;
        }

        Stream<String> importedPackages() {
            return imports.stream().map(room -> BASE + "." + room);
        }
    }

    /** From the bottom to the top: a room imports only rooms that stand above its own line. */
    private static final List<Room> ROOMS = List.of(
            Room.room("time"),
            Room.room("event"),
            Room.room("address"),
            Room.room("crypto", "event"),
            Room.room("wire", "event"),
            Room.room("control", "event", "address", "crypto"),
            Room.room("account", "event", "address", "control"),
            Room.room("transport", "event", "address"),
            Room.room("store", "event", "address", "account", "transport"),
            Room.room("internal.run", "time"),
            Room.room("internal.commit", "time", "store", "internal.run"),
            Room.room("internal.presence"),
            Room.room("internal.match", "event", "address", "account"),
            Room.room(
                    "internal.gate",
                    "time",
                    "event",
                    "address",
                    "crypto",
                    "control",
                    "internal.run",
                    "internal.commit",
                    "internal.match"),
            Room.room(
                    "internal.account",
                    "time",
                    "event",
                    "address",
                    "control",
                    "account",
                    "transport",
                    "store",
                    "internal.run",
                    "internal.commit",
                    "internal.presence",
                    "internal.match"),
            Room.room(
                    "internal.delivery",
                    "time",
                    "event",
                    "address",
                    "transport",
                    "store",
                    "internal.run",
                    "internal.commit"));

    private static final DescribedPredicate<JavaMethodCall> READS_A_CLOCK = new DescribedPredicate<>("reads a clock") {
        @Override
        public boolean test(JavaMethodCall call) {
            String owner = call.getTargetOwner().getName();
            String method = call.getName();
            return owner.startsWith("java.time.") && (method.equals("now") || method.startsWith("system"))
                    || owner.equals("java.lang.System")
                            && (method.equals("currentTimeMillis") || method.equals("nanoTime"));
        }
    };

    private static final List<String> LIBRARIES = List.of(
            "nip-push-apns",
            "nip-push-core",
            "nip-push-fcm",
            "nip-push-jdbc",
            "nip-push-relay",
            "nip-push-testkit",
            "nip-push-unifiedpush");

    private static final List<String> MODULES = Stream.concat(
                    LIBRARIES.stream(), Stream.of("nip-push-examples", "nip-push-server"))
            .toList();

    private static final JavaClasses ALL = new ClassFileImporter()
            .withImportOption(location -> MODULES.stream().anyMatch(module -> isOf(module, location.toString())))
            .importPackages(BASE);

    private static final JavaClasses CORE = module("nip-push-core");

    @Test
    void aRoomImportsOnlyRoomsAboveItsOwnLine() {
        Set<String> above = new TreeSet<>();
        for (Room room : ROOMS) {
            assertThat(above).as(room.name()).containsAll(room.imports());
            above.add(room.name());
        }
    }

    @Test
    void theTableHasALineForEveryPackageOfCoreAndNoOther() {
        Set<String> known = ROOMS.stream().map(Room::packageName).collect(toCollection(TreeSet::new));
        known.add(BASE);
        assertThat(packagesOf(CORE)).isEqualTo(known);
    }

    @ParameterizedTest
    @FieldSource("ROOMS")
    void aRoomImportsOnlyWhatItsLineLists(Room room) {
        String[] allowed = Stream.concat(Stream.of(room.packageName()), room.importedPackages())
                .toArray(String[]::new);
        noClasses()
                .that(resideInAPackage(room.packageName()))
                .should()
                .dependOnClassesThat(
                        resideInAPackage(BASE + "..").and(DescribedPredicate.not(resideInAnyPackage(allowed))))
                .check(CORE);
    }

    @Test
    void onlyCryptoTouchesBouncyCastle() {
        noClassesOfCoreOutside("crypto")
                .dependOnClassesThat(resideInAPackage("org.bouncycastle.."))
                .check(CORE);
    }

    @Test
    void onlyTheRoomsThatReadJsonTouchGson() {
        // address reads the JSON of a Web Push device id; transport writes the text of an unencrypted UnifiedPush.
        noClassesOfCoreOutside("address", "event", "wire", "control", "transport")
                .dependOnClassesThat(resideInAPackage("com.google.gson.."))
                .check(CORE);
    }

    @Test
    void coreDialsNothingButInAddress() {
        DescribedPredicate<JavaClass> network = resideInAnyPackage("java.net", "javax.net..", "sun.net..")
                .and(DescribedPredicate.not(
                        nameMatching("java\\.net\\.(URI|URISyntaxException|URLEncoder|URLDecoder)")))
                .or(nameMatching("java\\.nio\\.channels\\..*(Socket|Datagram|Selector|Network).*"));
        noClassesOfCoreOutside("address").dependOnClassesThat(network).check(CORE);
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage("java.net.http..", "okhttp3.."))
                .check(CORE);
    }

    @Test
    void onlyTimeReadsTheClock() {
        noClassesOfCoreOutside("time", "address").callMethodWhere(READS_A_CLOCK).check(CORE);
    }

    @Test
    void presenceHasNoClockNoThreadAndNoLogger() {
        noClasses()
                .that(resideInAPackage(BASE + ".internal.presence"))
                .should()
                .dependOnClassesThat(resideInAnyPackage("java.util.concurrent..", "org.slf4j..")
                        .or(nameMatching("java\\.time\\.(Clock|InstantSource)|java\\.lang\\.Thread.*")))
                .check(CORE);
    }

    @Test
    void whatIsInternalStaysInCore() {
        noClasses()
                .that(DescribedPredicate.not(areOf("nip-push-core")))
                .should()
                .dependOnClassesThat(resideInAPackage(BASE + ".internal.."))
                .check(ALL);
    }

    @ParameterizedTest
    @FieldSource("LIBRARIES")
    void librariesPrintNothing(String module) {
        NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(module(module));
    }

    @ParameterizedTest
    @FieldSource("MODULES")
    void everyPackageIntroducesItselfAndIsNullMarked(String module) {
        JavaClasses classes = module(module);
        assertThat(packagesOf(classes))
                .allSatisfy(packageName -> assertThat(
                                classes.getPackage(packageName).isAnnotatedWith(NullMarked.class))
                        .isTrue());
    }

    private static ClassesShould noClassesOfCoreOutside(String... rooms) {
        String[] packages = Stream.of(rooms).map(room -> BASE + "." + room).toArray(String[]::new);
        return noClasses()
                .that(DescribedPredicate.not(resideInAnyPackage(packages)))
                .should();
    }

    private static Set<String> packagesOf(JavaClasses classes) {
        return classes.stream().map(JavaClass::getPackageName).collect(toCollection(TreeSet::new));
    }

    private static JavaClasses module(String module) {
        JavaClasses classes = ALL.that(areOf(module));
        assertThat(classes).as(module).isNotEmpty();
        return classes;
    }

    private static DescribedPredicate<JavaClass> areOf(String module) {
        return new DescribedPredicate<>("are of " + module) {
            @Override
            public boolean test(JavaClass javaClass) {
                return javaClass
                        .getSource()
                        .filter(source -> isOf(module, source.getUri().toString()))
                        .isPresent();
            }
        };
    }

    /**
     * Whether a class file is one of a module's, be it in the folder of classes or in the jar that the build hands
     * over. The copies in the server's lib folder, which its jar names, are not.
     */
    private static boolean isOf(String module, String location) {
        return location.contains("/" + module + "/target/classes/")
                || location.contains("/" + module + "/target/" + module + "-");
    }
}
