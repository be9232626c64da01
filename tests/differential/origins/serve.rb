# An origin that reads forms as Rack does, and so Rails and Sinatra: the answer tells what it saw. Prints one line, its
# port and its name.
require 'base64'
require 'json'
require 'rack'
require 'socket'
require 'stringio'

Rack::Utils.multipart_part_limit = 0 if Rack::Utils.respond_to?(:multipart_part_limit=)

def readable(text)
  text.to_s.dup.force_encoding('UTF-8').scrub('?')
end

def shown(kind, name, filename, content)
  { kind: kind, name: readable(name), filename: filename && readable(filename), base64: Base64.strict_encode64(content.b) }
end

# The leaves of the nested parameters that Rack makes of names such as a[b][].
def leaves(name, value, &block)
  case value
  when Hash
    return block.call(name, value) if value.key?(:tempfile)

    value.each { |key, inner| leaves(name ? "#{name}[#{key}]" : key, inner, &block) }
  when Array then value.each { |inner| leaves("#{name}[]", inner, &block) }
  else block.call(name, value)
  end
end

def read(type, body)
  env = { 'REQUEST_METHOD' => 'POST', 'CONTENT_TYPE' => type, 'CONTENT_LENGTH' => body.bytesize.to_s,
          'rack.input' => StringIO.new(body), 'rack.errors' => StringIO.new, 'QUERY_STRING' => '' }
  parts = []
  leaves(nil, Rack::Request.new(env).POST) do |name, value|
    parts << if value.is_a?(Hash)
               shown('file', name, value[:filename], value[:tempfile].read)
             else
               shown('field', name, nil, value.to_s)
             end
  end
  { parts: parts }
rescue StandardError, SystemStackError => e
  { error: readable("#{e.class}: #{e.message}"), parts: parts || [] }
end

def echo(type, body)
  { parts: [shown('field', 'content-type', nil, type), shown('file', 'body', 'body', body)] }
end

def serve(socket)
  loop do
    start = socket.gets("\r\n") or return
    headers = {}
    while (line = socket.gets("\r\n")) && line != "\r\n"
      name, value = line.chomp("\r\n").split(':', 2)
      headers[name.downcase] = value.to_s.gsub(/\A[ \t]+|[ \t]+\z/n, '')
    end
    body = socket.read(headers['content-length'].to_i).to_s.b
    type = headers['content-type'].to_s
    text = JSON.generate(start.split[1].start_with?('/echo') ? echo(type, body) : read(type, body))
    socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: #{text.bytesize}\r\n\r\n#{text}")
  end
rescue SystemCallError, IOError
  nil
ensure
  socket.close
end

server = TCPServer.new('127.0.0.1', 0)
$stdout.puts "#{server.addr[1]} rack"
$stdout.flush
loop do
  client = server.accept
  client.binmode
  Thread.new { serve(client) }
end
