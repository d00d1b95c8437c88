// What java.util.zip gets out of the files of a folder, by the table of a zip (ZipFile) and by its headers (ZipInputStream): prints the name of
// each file in which the test file of EICAR is, and which of the two has it. archives.py runs it.
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

public class Archives {
  static final String TEST = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";
  static final int MOST = 128;

  // What can be read of it, up to an error.
  static byte[] read(InputStream in) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      for (int one; out.size() <= MOST && (one = in.read()) >= 0;) {
        out.write(one);
      }
    } catch (IOException | RuntimeException error) {
      // as far as it went
    }
    return out.toByteArray();
  }

  static boolean isTest(byte[] content) {
    return content.length <= MOST && new String(content, StandardCharsets.ISO_8859_1).startsWith(TEST);
  }

  static boolean byTable(File file) {
    try (ZipFile zip = new ZipFile(file)) {
      return zip.stream().anyMatch(entry -> {
        try (InputStream in = zip.getInputStream(entry)) {
          return in != null && isTest(read(in));
        } catch (IOException | RuntimeException error) {
          return false;
        }
      });
    } catch (IOException | RuntimeException error) {
      return false;
    }
  }

  static boolean byHeaders(File file) {
    try (ZipInputStream zip = new ZipInputStream(new BufferedInputStream(new FileInputStream(file)))) {
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null;) {
        if (isTest(read(zip))) {
          return true;
        }
      }
    } catch (IOException | RuntimeException error) {
      return false;
    }
    return false;
  }

  public static void main(String[] arguments) {
    for (File file : new File(arguments[0]).listFiles()) {
      if (byTable(file)) {
        System.out.println(file.getName() + " java's table");
      }
      if (byHeaders(file)) {
        System.out.println(file.getName() + " java's stream");
      }
    }
  }
}
