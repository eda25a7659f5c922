package dev.nippush.testkit;

import dev.nippush.testkit.Breakages.Breakage;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** The exam of the pigeon that the configuration parameter {@value #HOW} names; not to be run otherwise. */
@ExtendWith(BrokenPigeonExam.Chosen.class)
final class BrokenPigeonExam extends PigeonExam {

    static final String HOW = "broken";

    BrokenPigeonExam(Breakage breakage) {
        super(breakage.pigeon());
    }

    static final class Chosen implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Breakage.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            String how = context.getConfigurationParameter(HOW).orElseThrow();
            return Breakages.all().stream()
                    .filter(breakage -> breakage.how().equals(how))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
