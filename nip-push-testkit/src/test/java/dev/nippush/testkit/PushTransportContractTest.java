package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.nippush.testkit.Breakages.Breakage;
import dev.nippush.testkit.Gateway.Ability;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The exam is examined: each clause lets a good transport pass, and fails for one that is broken. */
@Tag("slow")
@Timeout(120)
class PushTransportContractTest {

    @Nested
    class GoodTransportPasses extends PigeonExam {
        GoodTransportPasses() {
            super(PigeonTransport::new);
        }
    }

    static List<Breakage> breakages() {
        return Breakages.all();
    }

    @ParameterizedTest
    @MethodSource("breakages")
    void brokenTransportFailsWhereItIsBroken(Breakage breakage) {
        Report report = Report.of(BrokenPigeonExam.class, Map.of(BrokenPigeonExam.HOW, breakage.how()));

        assertThat(report.with(Status.FAILED).keySet())
                .as("%s", report.with(Status.FAILED))
                .isEqualTo(new TreeSet<>(breakage.clauses()));
        assertThat(report.with(Status.ABORTED)).isEmpty();
    }

    @Test
    void everyClauseCanFail() {
        assertThat(Breakages.all().stream()
                        .flatMap(row -> row.clauses().stream())
                        .collect(Collectors.toSet()))
                .isEqualTo(clauses().map(Method::getName).collect(Collectors.toSet()));
    }

    @Test
    void noTwoBreakagesHaveTheSameName() {
        assertThat(Breakages.all()).extracting(Breakage::how).doesNotHaveDuplicates();
    }

    @Test
    void clausesCannotBeOverriddenAndSayWhatTheyAsk() {
        assertThat(clauses()).allSatisfy(clause -> {
            assertThat(Modifier.isFinal(clause.getModifiers()))
                    .as("%s is final", clause)
                    .isTrue();
            assertThat(clause.isAnnotationPresent(DisplayName.class))
                    .as("%s has a sentence", clause)
                    .isTrue();
        });
    }

    @Test
    void clauseIsSkippedOnlyWhereAnAbilityIsMissingAndSaysWhich() {
        Report report = Report.of(UnablePigeonExam.class, Map.of());

        assertThat(report.with(Status.FAILED)).isEmpty();
        String skipped = String.join("\n", report.with(Status.ABORTED).values());
        assertThat(skipped.lines()).allMatch(line -> line.contains(" declares that "));
        assertThat(Stream.of(Ability.values()).filter(ability -> !skipped.contains("it lacks " + ability)))
                .as("abilities that no clause asks for first")
                .containsExactlyInAnyOrder();
        assertThat(skipped).contains("its transport borrows no client");
    }

    @Test
    void theReadmeListsAllClausesAndAbilities() {
        assertThat(Path.of("README.md"))
                .content()
                .contains(clauses()
                        .map(clause ->
                                "- " + clause.getAnnotation(DisplayName.class).value() + "\n")
                        .toList())
                .contains(Stream.of(Ability.values())
                        .map(ability -> "| `" + ability + "` | ")
                        .toList());
    }

    /** What {@link PushTransportContract} asks, wherever it is written. */
    private static Stream<Method> clauses() {
        return Stream.<Class<?>>iterate(PushTransportContract.class, Class::getSuperclass)
                .takeWhile(type -> type != Object.class)
                .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
                .filter(method ->
                        method.isAnnotationPresent(Test.class) || method.isAnnotationPresent(ParameterizedTest.class));
    }

    /** How each clause of one exam ended. */
    private static final class Report implements TestExecutionListener {

        /** Clauses that wait for a deadline do that at the same time. */
        private static final Map<String, String> CLAUSES_OVERLAP = Map.of(
                "junit.jupiter.execution.parallel.enabled", "true",
                "junit.jupiter.execution.parallel.mode.default", "concurrent",
                "junit.jupiter.execution.parallel.config.strategy", "fixed",
                "junit.jupiter.execution.parallel.config.fixed.parallelism", "4");

        private final Map<Status, Map<String, List<String>>> ended = new EnumMap<>(Status.class);

        static Report of(Class<? extends PushTransportContract> exam, Map<String, String> parameters) {
            Report report = new Report();
            LauncherFactory.create()
                    .execute(
                            LauncherDiscoveryRequestBuilder.request()
                                    .selectors(selectClass(exam))
                                    .configurationParameters(parameters)
                                    .configurationParameters(CLAUSES_OVERLAP)
                                    .build(),
                            report);
            assertThat(report.ended.values().stream()
                            .flatMap(clauses -> clauses.keySet().stream())
                            .collect(Collectors.toSet()))
                    .as("the clauses that were examined")
                    .isEqualTo(clauses().map(Method::getName).collect(Collectors.toSet()));
            return report;
        }

        @Override
        public synchronized void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.getSource().orElse(null) instanceof org.junit.platform.engine.support.descriptor.MethodSource at) {
                ended.computeIfAbsent(result.getStatus(), any -> new TreeMap<>())
                        .computeIfAbsent(at.getMethodName(), any -> new ArrayList<>())
                        .add(result.getThrowable().map(Throwable::getMessage).orElse(""));
            } else {
                assertThat(result.getThrowable()).isEqualTo(Optional.empty());
            }
        }

        /** The clauses that ended so, and what each said. */
        synchronized Map<String, String> with(Status status) {
            Map<String, String> clauses = new TreeMap<>();
            ended.getOrDefault(status, Map.of())
                    .forEach((clause, said) -> clauses.put(clause, String.join("\n", said)));
            return clauses;
        }
    }
}
