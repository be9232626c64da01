// Servlets of Tomcat, which decodes, drops path parameters and resolves dots before it looks for one.
//
// Prints one line: `tomcat=port`.

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

public class Routers {
    /** Answers with its name to requests that it is for. */
    static class Handler extends HttpServlet {
        private final String name;
        private final String path;
        private final String method;

        Handler(String name, String path, String method) {
            this.name = name;
            this.path = path;
            this.method = method;
        }

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            String rest = request.getPathInfo();
            boolean isIt = (path == null || (rest != null && rest.matches(path)))
                    && (method == null || method.equals(request.getMethod()));
            response.setContentType("text/plain");
            response.getWriter().print("ran " + (isIt ? name : "other"));
        }
    }

    static void add(Context context, String mapping, String name, String path, String method) {
        String id = name + mapping;
        Tomcat.addServlet(context, id, new Handler(name, path, method));
        context.addServletMappingDecoded(mapping, id);
    }

    public static void main(String[] arguments) throws Exception {
        Logger.getLogger("").setLevel(Level.OFF);
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(Files.createTempDirectory("tomcat").toString());
        tomcat.setPort(0);
        Context context = tomcat.addContext("", Files.createTempDirectory("root").toString());
        add(context, "/upload/*", "upload", null, null);
        add(context, "/form.php", "form", null, null);
        add(context, "/api/*", "api", "/[^/]+/file", null);
        add(context, "/submit", "submit", null, null);
        add(context, "/store", "store", null, "PUT");
        add(context, "/", "other", null, null);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        tomcat.start();
        System.out.println("tomcat=" + tomcat.getConnector().getLocalPort());
        tomcat.getServer().await();
    }
}
