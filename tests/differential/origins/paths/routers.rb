# Routers of Ruby behind one server, which tells them apart by the host `name.test`. Prints one line: `name=port` each.
require 'sinatra/base'
require 'rack/handler/webrick'

class OnSinatra < Sinatra::Base
  set :environment, :production
  set :protection, false
  set :strict_paths, false
  enable :method_override
  any = %i[get post put patch delete options]
  { '/upload' => 'upload', '/upload/*' => 'upload', '/form.php' => 'form', '/api/:id/file' => 'api',
    '/submit' => 'submit' }.each { |path, name| any.each { |method| send(method, path) { "ran #{name}" } } }
  put('/store') { 'ran store' }
  not_found do
    status 200
    'ran other'
  end
end

# By hand, with patterns that find any line.
ON_RACK = Rack::MethodOverride.new(lambda do |env|
  path = env['PATH_INFO']
  name = case path
         when %r{^/upload(/|$)} then 'upload'
         when %r{^/form\.php$} then 'form'
         when %r{^/api/[^/]+/file$} then 'api'
         when %r{^/submit/?(\.json)?$}i then 'submit'
         when '/store' then env['REQUEST_METHOD'] == 'PUT' ? 'store' : 'other'
         else 'other'
         end
  [200, { 'Content-Type' => 'text/plain' }, ["ran #{name}"]]
end)

APPS = { 'sinatra' => OnSinatra.new, 'rack' => ON_RACK }.freeze

app = ->(env) { APPS.fetch(env['HTTP_HOST'].split('.').first).call(env) }
silent = WEBrick::Log.new(File::NULL)
Rack::Handler::WEBrick.run(app, Host: '127.0.0.1', Port: 0, Logger: silent, AccessLog: []) do |server|
  port = server.listeners.first.addr[1]
  puts APPS.keys.map { |name| "#{name}=#{port}" }.join(' ')
  $stdout.flush
end
